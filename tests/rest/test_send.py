"""``POST /api/notifications/send``: from another program, by the service key or with the admin's permission."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from rest_framework.test import APIClient

from notifications.auth import keys
from notifications.models import Batch, Inbox, Notification

from .conftest import by_key, by_session

pytestmark = pytest.mark.django_db(transaction=True)

SEND = "/api/notifications/send"


def content(**fields: Any) -> dict[str, Any]:
    return {"notification_type": "stock_alert", "subject": "Low stock", **fields}


def test_the_service_key_sends_without_acting_for_anybody(service: APIClient, ana: Any) -> None:
    response = service.post(SEND, content(user_id=ana.pk), format="json")
    notification = Notification.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "success": True,
        "notification_id": notification.pk,
        "created": True,
        "channels_sent": ["in_app", "websocket"],
        "channels_queued": [],
        "channels_skipped": {},
        "batch_id": None,
        "errors": [],
    }
    assert (notification.recipient, notification.subject, notification.seq) == (ana, "Low stock", 1)


def test_every_field_arrives(service: APIClient, ana: Any) -> None:
    fields = {
        "user_id": str(ana.pk),
        "message": " Two left ",
        "channels": ["in_app", "email"],
        "priority": "critical",
        "data": {"sku": [7, None, {"a": 1e3}]},
        "url": "/stock/7",
        "expires_at": "2126-01-02T03:04:05-03:00",
        "dedupe_key": "stock-7",
    }
    response = service.post(SEND, content(**fields), format="json")
    assert response.json()["errors"] == [
        'email: this site has no such delivery channel. Add it to NOTIFICATIONS["CHANNELS"].'
    ]
    row = Notification.objects.get()
    assert (row.message, row.priority, row.data, row.url) == (" Two left ", "critical", fields["data"], "/stock/7")
    assert (row.silent, row.dedupe_key) == (True, "stock-7")
    assert row.expires_at.isoformat() == "2126-01-02T06:04:05+00:00"


def test_nulls_are_as_good_as_absent(service: APIClient, ana: Any) -> None:
    nulls = dict.fromkeys(("channels", "priority", "data", "expires_at", "dedupe_key"))
    assert service.post(SEND, content(user_id=ana.pk, **nulls), format="json").status_code == 201
    row = Notification.objects.get()
    assert (row.silent, row.priority, row.data, row.expires_at, row.dedupe_key) == (False, "high", {}, None, None)


def test_the_same_send_twice_is_one_notification(service: APIClient, ana: Any) -> None:
    first = service.post(SEND, content(user_id=ana.pk, dedupe_key="once"), format="json")
    second = service.post(SEND, content(user_id=ana.pk, dedupe_key="once"), format="json")
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == {**first.json(), "created": False}
    assert Inbox.objects.get(pk=ana.pk).unread_count == 1


def test_to_many(service: APIClient, ana: Any, ben: Any) -> None:
    unknown = ben.pk + 1
    response = service.post(SEND, content(user_ids=[ana.pk, str(ben.pk), ana.pk, unknown]), format="json")
    assert response.status_code == 201
    assert response.json() == {
        "batch_id": Batch.objects.get().pk,
        "recipients": 3,
        "created": 2,
        "skipped": 1,
        "pending": 0,
    }
    assert [inbox.unread_count for inbox in Inbox.objects.filter(pk__in=[ana.pk, ben.pk])] == [1, 1]


def test_to_a_thousand_at_most(service: APIClient, ana: Any) -> None:
    assert service.post(SEND, content(user_ids=[ana.pk] * 1000), format="json").json()["created"] == 1
    refused = service.post(SEND, content(user_ids=[ana.pk] * 1001), format="json")
    assert (refused.status_code, list(refused.json())) == (400, ["user_ids"])


def test_a_user_needs_the_permission_even_for_themselves(client: APIClient, ana: Any, ben: Any) -> None:
    for sender in (client, by_session(ana)):
        for recipient in (ana, ben):
            response = sender.post(SEND, content(user_id=recipient.pk), format="json")
            assert (response.status_code, list(response.json())) == (403, ["detail"])
    assert not Notification.objects.exists()


def test_a_user_with_the_permission_sends_by_key_and_session(ana: Any, ben: Any) -> None:
    ana.user_permissions.add(Permission.objects.get(codename="add_notification"))
    for sender in (by_key(keys.issue(ana, "test")[1]), by_session(ana)):
        assert sender.post(SEND, content(user_id=ben.pk), format="json").status_code == 201
    assert Inbox.objects.get(pk=ben.pk).unread_count == 2


def test_a_naive_expiry_is_utc(service: APIClient, ana: Any) -> None:
    with timezone.override("America/Montevideo"):
        service.post(SEND, content(user_id=ana.pk, expires_at="2126-01-02T03:04:05"), format="json")
    assert Notification.objects.get().expires_at.isoformat() == "2126-01-02T03:04:05+00:00"


def test_either_one_or_many(service: APIClient, ana: Any) -> None:
    for body in (content(), content(user_id=ana.pk, user_ids=[ana.pk])):
        response = service.post(SEND, body, format="json")
        assert response.json() == {"user_id": ["Name either one user_id or a list of user_ids."]}
