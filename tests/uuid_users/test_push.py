"""Push subscriptions of people whose keys are no numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.delivery.channels.push import PushChannel
from notifications.delivery.channels.webhook import payload
from tests.delivery.messages import message
from tests.push_service import CHANNEL, Browser

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/api/push-subscriptions"


def test_a_browser_moves_from_one_to_the_other(ada: Any, bob: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"push": CHANNEL}}
    browser, client = Browser("https://fcm.googleapis.com/fcm/send/x"), APIClient()
    for user, status in ((ada, 201), (ada, 200), (bob, 201)):
        client.force_login(user)
        answer = client.post(f"{ADDRESS}?user_id={user.pk}", browser.subscription, format="json")
        assert answer.status_code == status
    found = PushChannel("push", CHANNEL).addresses([ada.pk, bob.pk], using="default")
    assert {user: [row.endpoint for row in rows] for user, rows in found.items()} == {bob.pk: [browser.endpoint]}


def test_a_webhook_names_the_person_by_text(ada: Any) -> None:
    told = json.loads(json.dumps(payload(message(recipient=ada))))
    assert told["data"]["user_id"] == str(ada.pk)
