"""Why, for users whose keys are UUIDs: the page, the API, the command."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from notifications import send_notification
from notifications.auth.keys import issue
from notifications.models import Delivery, Mute, Status
from notifications.types import BUILT_IN

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_way_to_ask(ada: Any, bob: Any) -> None:
    pk = send_notification(ada, "stock_alert", "Hello", channels=BUILT_IN)["notification_id"]
    Delivery.objects.create(notification_id=pk, recipient=ada, channel="email", status=Status.FAILED, attempts=8)
    sentence = "Given up after 8 attempts."

    browser = Client()
    browser.force_login(ada)
    assert sentence in browser.get(f"/notifications/{pk}/why/").content.decode()
    browser.post(f"/notifications/{pk}/why/", {"action": "mute_type:day"})
    assert [(mute.user, mute.type) for mute in Mute.objects.all()] == [(ada, "stock_alert")]

    hers, his = (APIClient(HTTP_X_API_KEY=issue(person, "test")[1]) for person in (ada, bob))
    assert hers.get(f"/api/notifications/{pk}/deliveries").json()["deliveries"][-1]["text"] == sentence
    assert his.get(f"/api/notifications/{pk}/deliveries").status_code == 404

    out = StringIO()
    call_command("notifications_explain", user=str(ada.pk), json=True, stdout=out)
    [document] = json.loads(out.getvalue())
    assert (document["recipient"], document["deliveries"][-1]["text"]) == (str(ada.pk), sentence)
