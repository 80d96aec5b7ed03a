"""People, notifications and rows of the outbox, many at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone

from notifications.models import Delivery, Notification, Preference, Reason


def people(count: int, name: str = "person") -> list[Any]:
    model = get_user_model()
    model.objects.bulk_create([model(username=f"{name}{n}") for n in range(count)], batch_size=1_000)
    return list(model.objects.filter(username__startswith=name).order_by("pk"))


def notify(users: list[Any], subject: str = "Hello", **fields: Any) -> list[Notification]:
    """Straight into the table, and nothing for the sequencer to do: it is not what is tested here."""
    rows = [
        Notification(recipient=user, type="stock_alert", subject=subject, pending=False, **fields) for user in users
    ]
    return QuerySet(Notification).bulk_create(rows, batch_size=1_000)


def queue(
    notifications: list[Notification], channel: str = "wire", *, due_at: datetime | None = None, reason: str = ""
) -> list[Delivery]:
    due_at = due_at or timezone.now()
    rows = [
        Delivery(notification=each, recipient_id=each.recipient_id, channel=channel, due_at=due_at, reason=reason)
        for each in notifications
    ]
    return Delivery.objects.bulk_create(rows, batch_size=1_000)


def want_digest(users: list[Any]) -> None:
    Preference.objects.bulk_create([Preference(user=user, frequency="daily") for user in users], batch_size=1_000)


def queue_for_digest(users: list[Any], subjects: tuple[str, ...] = ("First", "Second")) -> list[Delivery]:
    """A notification of each subject for each of them, which waits for a digest that is due."""
    return [
        row
        for subject in subjects
        for row in queue(notify(users, subject), due_at=timezone.now(), reason=Reason.DIGEST)
    ]


def states(rows: list[Delivery] | None = None) -> list[tuple[str, str]]:
    """Status and reason of each, in the order in which they were written."""
    chosen = Delivery.objects.all() if rows is None else Delivery.objects.filter(pk__in=[row.pk for row in rows])
    return list(chosen.order_by("pk").values_list("status", "reason"))


def count(**fields: Any) -> int:
    return Delivery.objects.filter(**fields).count()
