"""Outbox and preferences of people whose keys are UUIDs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery.outbox import reconsider
from notifications.models import Batch, Delivery, Notification, Presence
from notifications.preferences.mutes import mute, unmute
from notifications.preferences.services import preferences_of, update_preferences
from notifications.signals import delivery_wanted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _pager(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"pager": {"BACKEND": "tests.delivery.adapters.ToAnybody"}}}


def send(*people: Any, **content: Any) -> None:
    """As the inbox does."""
    content = {"type": "message", "subject": "Hello", **content}
    rows = [Notification.objects.create(recipient=each, **content) for each in people]
    about = rows[0] if len(rows) == 1 else Batch.objects.create(**content)
    ids = {row.recipient_id: row.pk for row in rows}
    delivery_wanted.send(type(about), content=about, ids=ids, channels=["pager"], using="default")


def reasons() -> dict[Any, str]:
    return dict(Delivery.objects.values_list("recipient_id", "reason"))


def test_one_and_many(ada: Any, bob: Any) -> None:
    update_preferences(str(ada.pk), {"channels": {"pager": False}})
    send(ada, bob)
    assert reasons() == {ada.pk: "preference", bob.pk: ""}
    Delivery.objects.all().delete()
    send(ada)
    send(bob)
    assert reasons() == {ada.pk: "preference", bob.pk: ""}


def test_what_is_due_is_decided_again(ada: Any, bob: Any) -> None:
    send(ada, bob)
    Delivery.objects.update(reason="escalation")
    Presence.objects.create(user=bob, online_until=timezone.now() + timedelta(minutes=1))
    rows = {row.pk: row.recipient_id for row in Delivery.objects.all()}
    found = reconsider(Delivery.objects.select_related("notification"), now=timezone.now(), using="default")
    assert {rows[pk]: decision.reason for pk, decision in found.items()} == {ada.pk: "", bob.pk: "online"}


def test_a_person_may_be_muted(ada: Any, bob: Any) -> None:
    mute(ada, target=bob)
    [muted] = preferences_of(ada)["mutes"]
    assert muted == {"target": "uuid_users.person", "target_id": str(bob.pk), "text": "bob", "until": None}
    assert update_preferences(ada, {"mutes": [muted]})["mutes"] == [muted]
    send(ada, target=bob)
    send(ada, target=ada)
    assert sorted(Delivery.objects.values_list("reason", flat=True)) == ["", "muted"]
    assert unmute(ada, target=bob) is True
