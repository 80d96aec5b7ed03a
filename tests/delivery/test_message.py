"""From rows of the outbox to one message for a person."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from notifications import register, send_notification, types
from notifications.delivery.base import Message
from notifications.delivery.message import MOST_LISTED, build, message_key, one_line
from notifications.delivery.unsubscribe import Subscription, read_token
from notifications.inbox.database import write_database
from notifications.models import Delivery, Notification, Preference

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(types, "_registry", dict(types._registry))


SITE = "https://shop.example.org"


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.NOTIFICATIONS = {"SITE_URL": f"{SITE}/", "CHANNELS": {"email": {}}}


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana", email="ana@example.org")


def row(user: Any, subject: str = "Coffee is out", kind: str = "stock_alert", **options: Any) -> Delivery:
    pk = send_notification(user, kind, subject, channels=("in_app",), **options)["notification_id"]
    return Delivery.objects.create(notification_id=pk, recipient=user, channel="email")


def message_of(delivery: Delivery, members: list[Delivery] | None = None) -> Message:
    return build(delivery, members or [], using=write_database())


def digest(user: Any, *members: Delivery) -> Message:
    return message_of(Delivery.objects.create(recipient=user, channel="email", reason="digest"), list(members))


def speaks(user: Any, language: str) -> None:
    Preference.objects.update_or_create(pk=user.pk, defaults={"language": language})


def subscription_of(message: Message) -> Subscription | None:
    start = f"{SITE}/notifications/unsubscribe/"
    assert message.unsubscribe_url.startswith(start)
    return read_token(message.unsubscribe_url.removeprefix(start).removesuffix("/"))


def test_one_notification(ana: Any) -> None:
    delivery = row(ana, "Coffee is out", message="None left.", url="/stock/7/", data={"sku": 7}, priority="critical")
    message = message_of(delivery)
    assert message.subject == "Coffee is out"
    assert message.body == "None left."
    assert message.url == f"{SITE}/stock/7/"
    assert message.data == {"sku": 7}
    assert message.priority == "critical"
    assert (message.recipient, message.language) == (ana, "en")
    assert message.notifications == [delivery.notification]
    assert not message.is_digest
    assert subscription_of(message) == Subscription(ana.pk, "email", "stock_alert")


def test_the_key_is_every_attempt_s_and_nobody_else_s(settings: Any, ana: Any) -> None:
    first, second = row(ana), row(ana)
    keys = {message_of(each).key for each in (first, first, second, second)}
    assert len(keys) == 2
    assert message_of(first).key == message_key(first.pk)
    settings.SECRET_KEY = "another site"
    assert message_of(first).key not in keys


def test_an_address_elsewhere_is_left_alone(ana: Any) -> None:
    assert message_of(row(ana, url="https://elsewhere.example.org/a")).url == "https://elsewhere.example.org/a"


def test_an_address_that_pages_would_not_use_is_left_out(ana: Any) -> None:
    delivery = row(ana)
    Notification.objects.filter(pk=delivery.notification_id).update(url="javascript:alert(1)")
    delivery.refresh_from_db()
    assert message_of(delivery).url == ""


def test_a_site_that_has_not_said_where_it_is_has_no_links(settings: Any, ana: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {}}}
    message = message_of(row(ana, url="/stock/7/"))
    assert (message.url, message.unsubscribe_url) == ("", "")


def test_a_digest(ana: Any) -> None:
    low, critical, high = (
        row(ana, subject, priority=priority)
        for subject, priority in [("Milk", "low"), ("Fire", "critical"), ("Two\nlines", "high")]
    )
    message = digest(ana, low, critical, high)
    assert message.is_digest
    assert message.subject == "3 notifications for you"
    assert message.body == "- Fire\n- Two lines\n- Milk"
    assert message.url == f"{SITE}/notifications/"
    assert message.priority == "critical"
    assert message.notifications == [critical.notification, high.notification, low.notification]
    assert subscription_of(message) == Subscription(ana.pk, "email")


def test_of_a_digest_the_first_are_listed_and_the_rest_counted(ana: Any) -> None:
    message = digest(ana, *[row(ana, f"Number {number}") for number in range(MOST_LISTED + 2)])
    lines = message.body.splitlines()
    assert (len(lines), lines[-1]) == (MOST_LISTED + 1, "and 2 more")
    assert (len(message.notifications), message.more) == (MOST_LISTED, 2)
    assert message.subject == f"{MOST_LISTED + 2} notifications for you"


def test_a_digest_of_one(ana: Any) -> None:
    assert digest(ana, row(ana)).subject == "1 notification for you"


def test_a_digest_of_nothing_is_a_mistake(ana: Any) -> None:
    with pytest.raises(ValueError, match="at least one member"):
        digest(ana)


def test_in_the_reader_s_language(ana: Any) -> None:
    speaks(ana, "es")
    message = digest(ana, row(ana), row(ana))
    assert message.language == "es"
    assert message.subject == "2 notificaciones para ti"


@pytest.mark.parametrize(("stored", "told"), [("Asia/Tokyo", "Asia/Tokyo"), ("", ""), ("Moon/Base", "")])
def test_a_digest_knows_the_reader_s_time_zone(ana: Any, stored: str, told: str) -> None:
    Preference.objects.create(pk=ana.pk, time_zone=stored)
    assert digest(ana, row(ana)).time_zone == told


def test_what_nobody_can_switch_off_has_no_link_that_does(ana: Any) -> None:
    register("invoice", "Invoice", required=("email",))
    assert message_of(row(ana, kind="invoice")).unsubscribe_url == ""


def test_a_type_that_is_registered_no_more(ana: Any) -> None:
    delivery = row(ana)
    Notification.objects.filter(pk=delivery.notification_id).update(type="forgotten")
    delivery.refresh_from_db()
    assert subscription_of(message_of(delivery)) == Subscription(ana.pk, "email")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Coffee", "Coffee"),
        ("a\r\nBcc: b", "a Bcc: b"),
        (" a \t b\u2028c\x85d\x0be ", "a b c d e"),
        ("a\x1b[31mb\x7f", "a [31mb"),
        ("👩‍👩‍👧 ok", "👩‍👩‍👧 ok"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line
