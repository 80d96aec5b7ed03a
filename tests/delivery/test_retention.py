"""Deliveries go when what they are about goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from notifications import send_notification
from notifications.inbox import retention
from notifications.inbox.services import delete
from notifications.models import Delivery, Notification, Status

from .rows import count, notify, people, queue

pytestmark = pytest.mark.django_db(transaction=True)

EIGHT_DAYS = timedelta(days=8)


def sent(*notifications: Notification, digest: Delivery | None = None) -> list[Delivery]:
    rows = queue(list(notifications))
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Status.SENT, due_at=None, finished_at=timezone.now() - EIGHT_DAYS, digest=digest
    )
    return rows


def carrier(user: Any, *, finished: timedelta | None = EIGHT_DAYS) -> Delivery:
    moment = None if finished is None else timezone.now() - finished
    return Delivery.objects.create(
        recipient=user, channel="wire", status=Status.SENT if moment else Status.QUEUED, finished_at=moment
    )


def left() -> set[int]:
    return set(Delivery.objects.values_list("pk", flat=True))


def test_with_their_notification() -> None:
    (ana,) = people(1)
    ids = [send_notification(ana, "stock_alert", "x")["notification_id"] for _ in range(2)]
    gone, kept = sent(*Notification.objects.filter(pk__in=ids).order_by("pk"))
    delete(ana, [gone.notification_id])
    QuerySet(Notification).filter(pk=gone.notification_id).update(deleted_at=timezone.now() - EIGHT_DAYS)

    assert retention.purge() == 1

    assert left() == {kept.pk}


def test_those_whose_notification_went_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a host's own SQL removes rows, or a restore of some tables."""
    monkeypatch.setattr(retention, "DELIVERIES_PER_STEP", 3)
    (ana,) = people(1)
    notifications = notify([ana] * 10)
    rows = queue(notifications)
    QuerySet(Notification).filter(pk__in=[row.pk for row in notifications[::2]])._raw_delete("default")
    assert retention.purge() == 0
    assert left() == {row.pk for row in rows[1::2]}


def test_what_carried_a_digest_stays_as_long_as_what_it_carried() -> None:
    (ana,) = people(1)
    old, recent, waiting, of_members = (
        carrier(ana),
        carrier(ana, finished=timedelta(days=6)),
        carrier(ana, finished=None),
        carrier(ana),
    )
    (member,) = sent(*notify([ana]), digest=of_members)
    assert retention.purge_deliveries(using="default") == 1
    assert left() == {recent.pk, waiting.pk, of_members.pk, member.pk}
    assert old.pk not in left()
    QuerySet(Notification).all()._raw_delete("default")
    retention.purge_deliveries(using="default")
    retention.purge_deliveries(using="default")
    assert left() == {recent.pk, waiting.pk}


def test_with_their_person() -> None:
    ana, ben = people(2)
    queue(notify([ana, ben]))
    carrier(ana)
    ana.delete()
    assert count() == count(recipient=ben) == 1
