"""Send later: nothing before the time, all at the time, nothing if it was cancelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from notifications import send_notification, send_notifications
from notifications.exceptions import InvalidContent, UnknownRecipient
from notifications.inbox.services import cancel_batch
from notifications.inbox.sweeper import sweep
from notifications.models import Batch, Inbox, Notification

from .invariants import check

NOW = datetime(2031, 3, 30, 0, 59, tzinfo=UTC)
SOON = NOW + timedelta(minutes=2)


def settle() -> None:
    while sweep(using="default"):
        pass


def test_one_person_gets_it_when_it_is_due(ana: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        result = send_notification(ana, "stock_alert", "Later", "Soon", send_at=SOON, data={"a": 1})
        assert (result["success"], result["notification_id"], result["created"]) == (True, None, False)
        assert (result["channels_sent"], result["channels_queued"]) == ([], ["in_app", "websocket"])
        clock.shift(timedelta(seconds=119))
        settle()
        assert not Notification.objects.exists()
        clock.shift(timedelta(seconds=1))
        settle()
        settle()
    row = Notification.objects.get()
    assert (row.recipient, row.subject, row.data, row.created_at, row.seq) == (ana, "Later", {"a": 1}, SOON, 1)
    assert Batch.objects.get(pk=result["batch_id"]).finished_at is not None
    check(ana)


def test_many(ana: Any, ben: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        result = send_notifications([ana, ben], "stock_alert", "Later", send_at=SOON)
        assert (result["created"], result["pending"]) == (0, 2)
        clock.move_to(SOON)
        settle()
    assert set(Notification.objects.values_list("recipient_id", flat=True)) == {ana.pk, ben.pk}


def test_what_is_cancelled_is_not_sent(ana: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        result = send_notification(ana, "stock_alert", "Later", send_at=SOON)
        assert cancel_batch(result["batch_id"]) == 1
        clock.shift(timedelta(days=1))
        settle()
    assert not Notification.objects.exists()


@pytest.mark.parametrize("send_at", [datetime(2001, 1, 1, tzinfo=UTC), None])
def test_the_past_is_now(ana: Any, send_at: Any) -> None:
    assert send_notification(ana, "stock_alert", "Now", send_at=send_at)["created"]


def test_a_time_to_live_begins_then(ana: Any, a_type: Any) -> None:
    a_type("brief", subject="Brief", ttl=timedelta(minutes=5))
    with time_machine.travel(NOW, tick=False):
        send_notification(ana, "brief", send_at=SOON)
    assert Batch.objects.get().expires_at == SOON + timedelta(minutes=5)


def test_bad_times_and_people_are_refused_at_once(ana: Any) -> None:
    later = timezone.now() + timedelta(hours=1)
    with pytest.raises(InvalidContent, match="send_at must be a datetime; got str"):
        send_notification(ana, "stock_alert", "x", send_at="tomorrow")  # type: ignore[arg-type]
    with pytest.raises(UnknownRecipient):
        send_notification(ana.pk + 10_000, "stock_alert", "x", send_at=later)
    assert not Batch.objects.exists()


def test_who_is_gone_by_then_is_left_out(ana: Any, ben: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        send_notifications([ana, ben], "stock_alert", "Later", send_at=SOON)
        ben.delete()
        clock.move_to(SOON)
        settle()
    assert [row.recipient for row in Notification.objects.all()] == [ana]
    assert Inbox.objects.get().unread_count == 1
