"""The link in a message names a user whose key is a UUID."""

from __future__ import annotations

from typing import Any

import pytest

from notifications import send_notification
from notifications.delivery.message import build
from notifications.inbox.database import write_database
from notifications.models import Delivery
from notifications.preferences.services import preferences_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_click(client: Any, settings: Any, ada: Any) -> None:
    settings.NOTIFICATIONS = {"SITE_URL": "https://shop.example.org", "CHANNELS": {"email": {}}}
    pk = send_notification(ada, "message", "Coffee is out")["notification_id"]
    row = Delivery.objects.create(notification_id=pk, recipient=ada, channel="email")
    message = build(row, [], using=write_database())
    assert (message.recipient, message.language) == (ada, "en")
    page = message.unsubscribe_url.removeprefix("https://shop.example.org")
    assert client.post(page, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert preferences_of(ada)["matrix"]["message"]["email"] is False
