"""What the outbox makes of a server's refusal."""

from __future__ import annotations

from typing import Any

import pytest

from notifications.delivery.errors import PermanentError, TemporaryError
from tests.delivery.channels.conftest import MakeMessage
from tests.delivery.channels.test_email import TO, channel
from tests.delivery.mailserver import QUEUED, MailServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("RCPT", "550 5.1.1 No such user"),
        ("RCPT", "550 User unknown"),
        ("RCPT", "550 5.7.1 User unknown, asked by relay 5"),
        ("RCPT", "550 5.2.1 Mailbox is disabled"),
        ("MAIL", "552 5.3.4 Too large"),
        ("DATA", "554 5.6.0 Malformed"),
    ],
)
def test_final(server: MailServer, make_message: MakeMessage, command: str, answer: str) -> None:
    server.answers[command] = [answer]
    with pytest.raises(PermanentError) as caught:
        channel().send(make_message(), TO)
    assert str(caught.value) == answer


@pytest.mark.parametrize(
    ("command", "answer", "provider"),
    [
        ("RCPT", "450 4.2.0 Greylisted", False),  # says nothing of the others
        ("RCPT", "452 4.2.2 Mailbox full", False),
        ("RCPT", "421 4.3.2 Shutting down", True),
        ("MAIL", "451 4.3.0 Try later", True),
        ("MAIL", "530 5.7.0 Authentication required", True),  # nobody's messages are lost over a password
        ("MAIL", "553 5.7.1 Not your address", True),
        ("DATA", "451 4.3.0 No space", True),
        # Every message would be refused.
        ("RCPT", "554 5.7.1 Relay access denied [185.5.1.9]", True),
        ("RCPT", "550 Relaying denied", True),
        ("RCPT", "550 5.7.60 Not authorised to send as this sender", True),
        ("RCPT", "553 5.1.8 Sender's domain does not exist", True),
        ("RCPT", "530 5.7.0 Must issue STARTTLS first", True),
        ("DATA", "554 5.7.1 Policy", True),
        ("DATA", "554 Message rejected: Email address is not verified", True),
    ],
)
def test_later(server: MailServer, make_message: MakeMessage, command: str, answer: str, provider: bool) -> None:
    server.answers[command] = [answer]
    with pytest.raises(TemporaryError) as caught:
        channel().send(make_message(), TO)
    assert str(caught.value) == answer
    assert caught.value.provider is provider


def test_a_refusal_leaves_the_connection_to_the_next_message(server: MailServer, make_message: MakeMessage) -> None:
    server.answers["RCPT"] = ["550 5.1.1 No such user"]
    server.answers["DATA"] = ["451 4.3.0 Try later"]
    with channel() as email:
        with pytest.raises(PermanentError):
            email.send(make_message(), "nobody@example.org")
        with pytest.raises(TemporaryError):
            email.send(make_message(), TO)
        assert email.send(make_message(), TO) == QUEUED
    assert server.connections == 1


def test_an_error_names_no_secret_and_no_address(settings: Any, server: MailServer, make_message: MakeMessage) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "shop", "correct horse"
    with pytest.raises(TemporaryError) as caught:
        channel().send(make_message(), TO)  # this server knows no passwords
    assert caught.value.provider
    assert "correct horse" not in str(caught.value)
    assert TO not in str(caught.value)


def test_a_template_that_fails_is_not_the_server_s_fault(
    settings: Any, tmp_path: Any, server: MailServer, make_message: MakeMessage
) -> None:
    folder = tmp_path / "notifications" / "email"
    folder.mkdir(parents=True)
    (folder / "stock_alert.html").write_text("{% if %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    with pytest.raises(TemporaryError, match="A template of the e-mail failed: TemplateSyntaxError") as caught:
        channel().send(make_message(), TO)
    assert not caught.value.provider
    assert channel().send(make_message(kind="price_change"), TO) == QUEUED


def test_a_backend_that_sends_nothing(settings: Any, make_message: MakeMessage) -> None:
    settings.EMAIL_BACKEND = "tests.delivery.channels.test_email_errors.SilentBackend"
    with pytest.raises(TemporaryError, match="sent nothing"):
        channel().send(make_message(), TO)


class SilentBackend:
    def __init__(self, fail_silently: bool = False, **_: Any) -> None:
        pass

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def send_messages(self, messages: list[Any]) -> int:
        return 0
