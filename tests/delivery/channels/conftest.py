"""A person, a mail server, and the way from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from notifications import send_notification
from notifications.delivery import message
from notifications.delivery.base import Message
from notifications.inbox.database import write_database
from notifications.models import Delivery
from tests.delivery.mailserver import MailServer, running

SITE = "https://shop.example.org"
SENDER = "The shop <news@example.org>"

MakeMessage = Callable[..., Message]


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana", email="ana@example.org")


@pytest.fixture
def site(settings: Any) -> Any:
    """The settings of a site that sends e-mails."""
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {"FROM": SENDER}}, "SITE_URL": SITE}
    return settings


@pytest.fixture
def make_message(ana: Any, site: Any) -> MakeMessage:
    """``make_message("Coffee", …)``: the message of a notification that was sent."""

    def make(subject: str = "Coffee is out", text: str = "", kind: str = "stock_alert", **options: Any) -> Message:
        sent = send_notification(ana, kind, subject, text, **options)
        row = Delivery.objects.create(notification_id=sent["notification_id"], recipient=ana, channel="email")
        return message.build(row, [], using=write_database())

    return make


@pytest.fixture
def make_digest(ana: Any, site: Any) -> MakeMessage:
    """``make_digest(("Coffee", "high"), …)``: one message of several, by subject and priority."""

    def make(*said: tuple[str, str], **options: Any) -> Message:
        carrier = Delivery.objects.create(recipient=ana, channel="email", reason="digest")
        for subject, priority in said:
            sent = send_notification(ana, "stock_alert", subject, priority=priority, **options)
            Delivery.objects.create(
                notification_id=sent["notification_id"], recipient=ana, channel="email", digest=carrier
            )
        members = list(carrier.members.select_related("notification"))
        return message.build(carrier, members, using=write_database())

    return make


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with running() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server
