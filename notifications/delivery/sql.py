"""Insert the rows of the outbox, however many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connections

from ..inbox.among import integer_array, key_array
from ..models import Delivery, Status
from .decide import Decision


class Planned(NamedTuple):
    """A row to be written."""

    notification_id: int
    user_id: Any
    channel: str
    decision: Decision


def insert_deliveries(planned: Sequence[Planned], *, now: datetime, using: str) -> list[Delivery]:
    """Insert the rows of a send to one person, and return them with their primary keys."""
    return Delivery.objects.using(using).bulk_create([_row(each, now) for each in planned])


def insert_many_deliveries(planned: Sequence[Planned], *, now: datetime, using: str) -> None:
    """Insert them in one statement (where the number of parameters is limited, in as few as it takes)."""
    if planned and connections[using].vendor == "postgresql":
        _unnest(planned, now=now, using=using)
    else:
        insert_deliveries(planned, now=now, using=using)


def _row(planned: Planned, now: datetime) -> Delivery:
    notification_id, user_id, channel, decision = planned
    return Delivery(
        notification_id=notification_id,
        recipient_id=user_id,
        channel=channel,
        status=decision.status,
        reason=decision.reason,
        due_at=decision.due_at,
        created_at=now,
        finished_at=_finished_at(decision, now),
    )


def _finished_at(decision: Decision, now: datetime) -> datetime | None:
    return None if decision.status == Status.QUEUED else now


def _unnest(planned: Sequence[Planned], *, now: datetime, using: str) -> None:
    """Two lists: the rows, and the few decisions that they share. The driver looks at numbers only, and quickly."""
    shared = dict.fromkeys((each.channel, each.decision) for each in planned)
    numbers = {outcome: number for number, outcome in enumerate(shared, start=1)}
    outcomes = [
        (channel, str(decision.status), str(decision.reason), decision.due_at, _finished_at(decision, now))
        for channel, decision in shared
    ]
    rows = [
        integer_array([each.notification_id for each in planned]),
        key_array([each.user_id for each in planned], using=using),
        integer_array([numbers[each.channel, each.decision] for each in planned]),
    ]
    moment, key = _type("due_at", using=using), _type("recipient", using=using)
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Delivery._meta.db_table} (notification_id, recipient_id, channel, status, reason, due_at,"
            " finished_at, created_at, attempts, answer)"
            " SELECT r.notification_id, r.recipient_id, d.channel, d.status, d.reason, d.due_at, d.finished_at, %s, 0,"
            f" '' FROM unnest(%s::bigint[], %s::{key}[], %s::integer[]) AS r(notification_id, recipient_id, number)"
            f" JOIN unnest(%s::text[], %s::text[], %s::text[], %s::{moment}[], %s::{moment}[]) WITH ORDINALITY"
            " AS d(channel, status, reason, due_at, finished_at, number) ON d.number = r.number",
            [now, *rows, *(list(column) for column in zip(*outcomes, strict=True))],
        )


def _type(name: str, *, using: str) -> str:
    return str(Delivery._meta.get_field(name).db_type(connections[using]))
