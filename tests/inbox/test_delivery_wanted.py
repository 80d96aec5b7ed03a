"""The signal that other delivery channels hear: inside the transaction, with ids, and only if they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from notifications import send_notification, send_notifications
from notifications.exceptions import InvalidContent
from notifications.models import Batch, Delivery, Notification
from notifications.signals import delivery_wanted


class Listener(list[Any]):
    """What was asked for; answers as an outbox would."""

    fails = False

    def __call__(self, content: Any, ids: dict[Any, int], channels: list[str], **_: Any) -> dict[str, Delivery]:
        assert transaction.get_connection().in_atomic_block
        assert set(Notification.objects.values_list("pk", flat=True)) >= set(ids.values())
        self.append((type(content), content.subject, ids, channels))
        if self.fails:
            raise RuntimeError("disk full")
        return {
            channel: Delivery(channel=channel, status="queued" if channel == "email" else "skipped", reason="muted")
            for channel in channels
        }


@pytest.fixture
def outbox(settings: Any) -> Iterator[Listener]:
    settings.NOTIFICATIONS = {
        "CHUNK_SIZE": 10,
        "CHANNELS": {"email": {"BACKEND": "x"}, "pigeon": {"BACKEND": "x"}},
    }
    standing = delivery_wanted.receivers
    delivery_wanted.receivers = []
    delivery_wanted.sender_receivers_cache.clear()
    listener = Listener()
    delivery_wanted.connect(listener)
    yield listener
    delivery_wanted.receivers = standing
    delivery_wanted.sender_receivers_cache.clear()


def test_one_person(ana: Any, outbox: Listener) -> None:
    result = send_notification(ana, "order_ready", "x", channels=["email", "pigeon", "sms"])
    pk = result["notification_id"]
    assert outbox == [(Notification, "x", {ana.pk: pk}, ["email", "pigeon"])]
    assert (result["channels_sent"], result["channels_queued"]) == (["in_app"], ["email"])
    assert result["channels_skipped"] == {"pigeon": "muted"}
    assert result["errors"] == ['sms: this site has no such delivery channel. Add it to NOTIFICATIONS["CHANNELS"].']


def test_nobody_hears_where_nothing_is_asked_for(ana: Any, outbox: Listener) -> None:
    send_notification(ana, "order_ready", "x")
    send_notifications([ana], "order_ready", "x", channels=["websocket"])
    assert outbox == []


def test_duplicates_are_not_delivered_again(ana: Any, outbox: Listener) -> None:
    for keys in ({"dedupe_key": "a"}, {"collapse_key": "a"}):
        for _ in range(2):
            result = send_notification(ana, "order_ready", "x", channels=["email"], **keys)
        assert (result["channels_queued"], result["channels_skipped"]) == ([], {"email": "duplicate"})
    assert len(outbox) == 2


def test_many_in_the_chunks_own_transaction(ana: Any, ben: Any, outbox: Listener) -> None:
    send_notifications([ana, ben], "order_ready", "x", channels=["email"])
    ids = dict(Notification.objects.values_list("recipient_id", "pk"))
    assert outbox == [(Batch, "x", ids, ["email"])]


def test_if_the_outbox_fails_there_is_no_notification_either(ana: Any, outbox: Listener) -> None:
    outbox.fails = True
    with pytest.raises(RuntimeError, match="disk full"):
        send_notification(ana, "order_ready", "x", channels=["email"])
    assert send_notifications([ana], "order_ready", "x", channels=["email"])["pending"] == 1
    assert not Notification.objects.exists()


def test_later_is_decided_later(ana: Any, outbox: Listener) -> None:
    send_at = timezone.now() + timedelta(hours=1)
    result = send_notification(ana, "order_ready", "x", channels=["email"], send_at=send_at)
    assert (outbox, result["channels_queued"]) == ([], ["in_app", "email"])
    assert Batch.objects.get().channels == ["email"]


def test_a_name_nobody_knows_is_refused(ana: Any, outbox: Listener) -> None:
    with pytest.raises(InvalidContent, match="in_app, websocket, email, sms, push, webhook, pigeon; got"):
        send_notification(ana, "order_ready", "x", channels=["pidgeon"])


def test_a_type_may_want_what_the_site_does_not_have(ana: Any, a_type: Any, outbox: Listener) -> None:
    a_type("order", subject="Ready", channels=("in_app", "email", "sms"))
    result = send_notification(ana, "order")
    assert (result["channels_queued"], result["errors"]) == (["email"], [])
