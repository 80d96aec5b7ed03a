"""E-mails as a real SMTP server gets them."""

from __future__ import annotations

from typing import Any

import pytest

from notifications.delivery.channels.email import EmailChannel
from notifications.delivery.errors import PermanentError, TemporaryError
from notifications.models import Preference
from tests.delivery.channels.conftest import SITE, MakeMessage
from tests.delivery.mailserver import QUEUED, MailServer

pytestmark = pytest.mark.django_db(transaction=True)

TO = "ana@example.org"


def channel(**options: Any) -> EmailChannel:
    return EmailChannel("email", {"FROM": "The shop <news@example.org>", **options})


def test_both_parts_say_what_the_notification_says(server: MailServer, make_message: MakeMessage) -> None:
    answer = channel().send(make_message("Coffee is out", "None left.\nOrder more.", url="/stock/7/"), TO)
    assert answer == QUEUED
    [received] = server.received
    assert (received.sender, received.recipients) == ("news@example.org", [TO])
    assert received.email["Subject"] == "Coffee is out"
    assert received.email["From"] == "The shop <news@example.org>"
    text, html = received.part("plain"), received.part("html")
    for part in (text, html):
        assert "Coffee is out" in part
        assert f"{SITE}/stock/7/" in part
        assert f"{SITE}/notifications/preferences/" in part
        assert "You get an e-mail for each notification of the kind “Out of stock”." in part
    assert "None left.\nOrder more." in text
    assert "None left.<br>Order more." in html


def test_what_programs_read(server: MailServer, make_message: MakeMessage) -> None:
    message = make_message(priority="critical")
    channel(REPLY_TO="help@example.org", SUBJECT_PREFIX="[Shop]").send(message, TO)
    email = server.received[0].email
    assert email["Subject"] == "[Shop] Coffee is out"
    assert email["Reply-To"] == "help@example.org"
    assert email["Message-ID"] == f"<{message.key}@example.org>"
    assert email["List-Unsubscribe"].strip() == f"<{message.unsubscribe_url}>"  # in a line of its own: it is long
    assert email["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["Content-Language"] == "en"
    assert email["Importance"] == "high"
    assert email.get_content_type() == "multipart/alternative"


def test_what_is_not_critical_does_not_say_so(server: MailServer, make_message: MakeMessage) -> None:
    channel().send(make_message(priority="high"), TO)
    assert server.received[0].email["Importance"] is None


def test_every_attempt_has_the_same_message_id(server: MailServer, make_message: MakeMessage) -> None:
    message = make_message()
    channel().send(message, TO)
    channel().send(message, TO)
    first, second = server.received
    assert first.email["Message-ID"] == second.email["Message-ID"]


def test_one_click_is_offered_by_https_only(site: Any, server: MailServer, make_message: MakeMessage) -> None:
    site.NOTIFICATIONS = {**site.NOTIFICATIONS, "SITE_URL": "http://shop.example.org"}
    channel().send(make_message(), TO)
    email = server.received[0].email
    assert email["List-Unsubscribe"].strip().startswith("<http://shop.example.org/")
    assert email["List-Unsubscribe-Post"] is None


def test_without_the_site_s_address_there_are_no_links(
    site: Any, server: MailServer, make_message: MakeMessage
) -> None:
    site.NOTIFICATIONS = {"CHANNELS": {"email": {}}}
    channel().send(make_message(url="/stock/7/"), TO)
    received = server.received[0]
    assert "href" not in received.part("html")
    assert "/stock/7/" not in received.part("plain")
    assert received.email["List-Unsubscribe"] is None


def test_a_line_break_in_a_subject_makes_no_header(server: MailServer, make_message: MakeMessage) -> None:
    channel().send(make_message("Coffee\r\nBcc: eve@example.org\r\n\r\nHello"), TO)
    [received] = server.received
    assert received.email["Subject"] == "Coffee Bcc: eve@example.org Hello"
    assert received.email["Bcc"] is None
    assert received.recipients == [TO]


@pytest.mark.parametrize(
    "address",
    ["ana@example.org\nBcc: eve@example.org", "ana@example.org, eve@example.org", "ana@", "@example.org", "ana", ""],
)
def test_an_address_that_is_none_reaches_nobody(server: MailServer, make_message: MakeMessage, address: str) -> None:
    with pytest.raises(PermanentError):
        channel().send(make_message(), address)
    assert server.received == []


def test_text_is_text(server: MailServer, make_message: MakeMessage) -> None:
    channel().send(make_message("<b>Tom & Jerry</b>", "1 < 2 & <script>"), TO)
    [received] = server.received
    assert received.email["Subject"] == "<b>Tom & Jerry</b>"
    assert "1 < 2 & <script>" in received.part("plain")
    assert "<b>Tom" not in received.part("html")
    assert "&lt;script&gt;" in received.part("html")


def test_every_letter_arrives(server: MailServer, make_message: MakeMessage) -> None:
    channel(FROM="Café Ñandú <news@example.org>").send(make_message("Café ☕ agotado", "日本語 " * 500), TO)
    [received] = server.received
    assert received.email["Subject"] == "Café ☕ agotado"
    assert "Café Ñandú" in received.email["From"]
    assert "日本語 " * 500 in received.part("plain") + " "


def test_in_the_language_of_whoever_reads_it(ana: Any, server: MailServer, make_message: MakeMessage) -> None:
    Preference.objects.create(pk=ana.pk, language="es")
    channel().send(make_message("Sin café", priority="critical"), TO)
    email, html = server.received[0].email, server.received[0].part("html")
    assert email["Content-Language"] == "es"
    assert '<html lang="es" dir="ltr">' in html
    assert "Crítica" in html


def test_one_connection_for_many_messages(server: MailServer, make_message: MakeMessage) -> None:
    with channel() as email:
        for number in range(5):
            email.send(make_message(f"Number {number}"), TO)
    assert [each.email["Subject"] for each in server.received] == [f"Number {number}" for number in range(5)]
    assert server.connections == 1


def test_a_single_send_leaves_no_connection_open(server: MailServer, make_message: MakeMessage) -> None:
    email = channel()
    email.send(make_message(), TO)
    email.send(make_message(), TO)
    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(
    server: MailServer, make_message: MakeMessage
) -> None:
    with channel() as email:
        email.send(make_message("First"), TO)
        server.hang_up()
        assert email.send(make_message("Second"), TO) == QUEUED
    assert [each.email["Subject"] for each in server.received] == ["First", "Second"]
    assert server.connections == 2


def test_a_server_that_takes_so_many_by_one_connection(server: MailServer, make_message: MakeMessage) -> None:
    with channel() as email:
        email.send(make_message("First"), TO)
        server.answers["MAIL"] = ["421 4.7.0 Too many messages by this connection"]
        assert email.send(make_message("Second"), TO) == QUEUED
    assert server.connections == 2


def test_what_the_server_may_have_is_not_sent_again_at_once(server: MailServer, make_message: MakeMessage) -> None:
    """Whether it has it is not known: the outbox comes back later, with the same Message-ID."""
    with channel() as email:
        email.send(make_message("First"), TO)
        server.answers["DATA"] = ["cut"]
        with pytest.raises(TemporaryError):
            email.send(make_message("Second"), TO)
        assert server.connections == 1
        assert email.send(make_message("Third"), TO) == QUEUED
    assert [each.email["Subject"] for each in server.received] == ["First", "Second", "Third"]


def test_a_new_connection_that_is_cut_is_not_tried_at_once(server: MailServer, make_message: MakeMessage) -> None:
    server.answers["RCPT"] = ["cut"]
    with pytest.raises(TemporaryError) as caught:
        channel().send(make_message(), TO)
    assert caught.value.provider
    assert server.connections == 1


def test_a_server_that_is_down(settings: Any, server: MailServer, make_message: MakeMessage) -> None:
    server.stop()
    with pytest.raises(TemporaryError, match="refused") as caught, channel() as email:
        email.send(make_message(), TO)
    assert caught.value.provider
    server.start()
    assert channel().send(make_message(), TO) == QUEUED


def test_django_s_other_backends(settings: Any, mailoutbox: list[Any], make_message: MakeMessage) -> None:
    answer = channel().send(make_message(), TO)
    assert answer == "Handed to django.core.mail.backends.locmem."
    assert [each.to for each in mailoutbox] == [[TO]]


@pytest.mark.parametrize(("asked", "setting", "seconds"), [(None, None, 10.0), (3, None, 3), (None, 4, 4), (3, 4, 3)])
def test_it_waits_for_an_answer_so_long_and_no_longer(
    settings: Any, server: MailServer, make_message: MakeMessage, asked: Any, setting: Any, seconds: float
) -> None:
    settings.EMAIL_TIMEOUT = setting
    with channel(TIMEOUT=asked) as email:
        email.send(make_message(), TO)
        assert email._backend.connection.timeout == seconds
