"""Who delivers what: workers take rows of the outbox for a while, and nobody takes what somebody has.

A claim is written with a condition, so that it is safe on a database without row locks, too. What a worker has taken
and not begun is taken by another when the claim ends; so is what it had begun when it died.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from ..conf import conf
from ..inbox.database import can_skip_locked
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import BatchChunk, ChannelState, Delivery, Notification, Reason, Status
from ..types import Priority
from . import circuit, rates

# After which rows of a channel that this site has no more are closed. A release that brings a new one may run
# beside the old one for a while, whose workers do not know it.
LEFT_OVER_SECONDS = 3_600.0
SOON_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows of one channel, the oldest first, with their notifications and recipients as far as these exist.

    ``trial``: one attempt on a channel that was left alone decides what becomes of it. The rows may go at
    ``first_at`` and then ``interval`` apart, if the channel has a rate.
    """

    channel: str
    deliveries: list[Delivery]
    trial: bool
    first_at: datetime
    interval: timedelta


def waiting(*, using: str) -> QuerySet[Delivery]:
    """Rows that a worker may take when they are due: not those that wait to be gathered into a digest."""
    queued = Delivery.objects.using(using).filter(status=Status.QUEUED)
    return queued.exclude(reason=Reason.DIGEST, notification__isnull=False)


@retry_deadlocks
def claim(name: str, state: ChannelState, *, limit: int, using: str) -> Claim | None:
    """Take up to ``limit`` rows of a channel that are due; ``None`` if there are none that may go now.

    Args:
        state: of the channel, as :func:`~notifications.delivery.circuit.states` gives it. It may be a moment old.
    """
    now, rate, token = timezone.now(), rates.provider_rate(name), uuid.uuid4()
    turn = _turn(state, rate, now, limit=limit)
    if turn.most == 0:
        return None
    with short_transaction(using=using):
        if rate is not None or turn.trial:  # workers must agree on who goes next; mostly they need not
            turn = _turn(_lock(name, using=using), rate, now, limit=limit)
        ids = _take(name, turn.most, token, now, using=using) if turn.most else []
        if not ids:
            return None
        if turn.state is not None and turn.trial:
            circuit.begin_trial(turn.state, now)
            turn.state.save(using=using, update_fields=["open_until"])
        if turn.state is not None and rate is not None:
            turn.state.next_at = turn.first_at + rate.interval * len(ids)
            turn.state.save(using=using, update_fields=["next_at"])
    deliveries = _taken(ids, token, using=using)
    interval = rate.interval if rate is not None else timedelta(0)
    return Claim(name, deliveries, turn.trial, turn.first_at, interval) if deliveries else None


@dataclass(frozen=True, slots=True)
class _Turn:
    """How many rows of a channel may go now."""

    most: int
    first_at: datetime
    trial: bool = False
    state: ChannelState | None = None


def _turn(state: ChannelState | None, rate: rates.Rate | None, now: datetime, *, limit: int) -> _Turn:
    if state is None or circuit.is_open(state, now):
        return _Turn(0, now)
    trial = circuit.is_on_trial(state, now)
    most, first_at = rates.places(state, rate, now, limit=1 if trial else limit)
    return _Turn(most, first_at, trial, state)


def _lock(name: str, *, using: str) -> ChannelState | None:
    # Whoever holds it is about to take what we would.
    rows = ChannelState.objects.using(using).select_for_update(skip_locked=can_skip_locked(using))
    return rows.filter(pk=name).first()


def _take(name: str, limit: int, token: uuid.UUID, now: datetime, *, using: str) -> list[int]:
    due = waiting(using=using).filter(channel=name, due_at__lte=now)
    free = due.select_for_update(skip_locked=can_skip_locked(using)).order_by("due_at", "pk")
    ids = list(free.values_list("pk", flat=True)[:limit])
    if ids:
        # With the whole condition again: where there are no row locks, somebody may have been quicker.
        due.filter(pk__in=ids).update(claim=token, due_at=now + _lease())
    return ids


def _taken(ids: list[int], token: uuid.UUID, *, using: str) -> list[Delivery]:
    rows = Delivery.objects.using(using).filter(pk__in=ids, claim=token).select_related("notification")
    by_id = {each.pk: each for each in rows}
    deliveries = [by_id[pk] for pk in ids if pk in by_id]
    # Apart: the database lets a row outlive its person, and the ORM would leave it out of a join.
    prefetch_related_objects(deliveries, "recipient")
    return deliveries


def _lease() -> timedelta:
    return timedelta(seconds=conf.DELIVERY_LEASE_SECONDS)


def _mine(deliveries: Collection[Delivery], *, using: str) -> QuerySet[Delivery]:
    """Those of them that nobody else has taken meanwhile."""
    tokens = {each.claim for each in deliveries}
    ids = [each.pk for each in deliveries]
    return Delivery.objects.using(using).filter(pk__in=ids, claim__in=tokens, status=Status.QUEUED)


@retry_deadlocks
def begin(delivery: Delivery, *, using: str) -> bool:
    """Note an attempt, and hold the row for as long again.

    Returns:
        false if another worker has it by now, or its person has read or deleted the notification since it was decided.

    Raises:
        TooMany: the person has had as many as ``USER_RATE`` allows. Nothing was written.
    """
    if not _is_of_use(delivery, using=using):
        return False
    rate = None if is_critical(delivery) else rates.person_rate(delivery.channel)
    if rate is None:
        begun = _begin(delivery, using=using)
    else:
        with short_transaction(using=using):
            rates.take_turns(delivery, using=using)
            begun = _begin(delivery, using=using)
            rates.require_place(delivery, rate, using=using)
    delivery.attempts += begun
    return begun


def is_critical(delivery: Delivery) -> bool:
    """Whether it waits for nothing."""
    return delivery.notification is not None and delivery.notification.priority == Priority.CRITICAL


def _is_of_use(delivery: Delivery, *, using: str) -> bool:
    if delivery.notification_id is None:
        return True
    # The row is then given back, decided again, and closed with the reason.
    rows = Notification.objects.using(using).filter(pk=delivery.notification_id, read_at=None, deleted_at=None)
    return rows.exists()


def _begin(delivery: Delivery, *, using: str) -> bool:
    now = timezone.now()
    fields = {"attempts": F("attempts") + 1, "begun_at": now, "due_at": now + _lease()}
    return bool(_mine([delivery], using=using).update(**fields))


def give_back(deliveries: Collection[Delivery], *, using: str) -> None:
    """Let others have what was taken and not begun."""
    if deliveries:
        _mine(deliveries, using=using).update(claim=None, due_at=timezone.now())


@retry_deadlocks
def put_off(delivery: Delivery, reason: str, until: datetime, *, answer: str = "", using: str) -> bool:
    """Let the row wait, for a reason."""
    fields = {"reason": reason, "due_at": until, "claim": None, "begun_at": None, "answer": answer or delivery.answer}
    return bool(_mine([delivery], using=using).update(**fields))


@retry_deadlocks
def finish(delivery: Delivery, status: Status, reason: str = "", *, answer: str = "", using: str) -> bool:
    """Close the row for good. Returns false if another worker has it by now."""
    ended = closing(status, reason, answer)
    return bool(_mine([delivery], using=using).update(**ended))


def closing(status: Status, reason: str, answer: str) -> dict[str, object]:
    """What is written to a row that is over."""
    return {
        "status": status,
        "reason": reason,
        "answer": answer,
        "due_at": None,
        "claim": None,
        "begun_at": None,
        "finished_at": timezone.now(),
    }


def close_left_over(*, using: str) -> int:
    """Close what waits for channels that this site has no more. Returns how many rows."""
    since = timezone.now() - timedelta(seconds=LEFT_OVER_SECONDS)
    rows = Delivery.objects.using(using).filter(status=Status.QUEUED).exclude(channel__in=list(conf.CHANNELS))
    old = rows.filter(Q(due_at__lte=since) | Q(digest__due_at__lte=since))
    ids = list(old.values_list("pk", flat=True)[:1_000])
    with transaction.atomic(using=using):
        again = rows.filter(pk__in=ids)
        return again.update(**closing(Status.SKIPPED, Reason.NOT_CONFIGURED, "")) if ids else 0


def next_due(*, using: str) -> datetime | None:
    """When there is something to do again. Claimed rows count when their claim ends: whoever has them may die."""
    # Sends that were scheduled have no rows yet.
    chunks = BatchChunk.objects.using(using).filter(expanded_at=None, batch__due_at__isnull=False)
    scheduled = chunks.aggregate(first=Min("batch__due_at"))["first"]
    moments = [scheduled] if scheduled else []
    for name, state in circuit.states(conf.CHANNELS, using=using).items():
        rows = Delivery.objects.using(using).filter(status=Status.QUEUED, channel=name, due_at__isnull=False)
        if first := rows.aggregate(first=Min("due_at"))["first"]:
            moments.append(max(first, state.open_until or first, state.next_at or first))
    return min(moments, default=None)


def held_back(names: Collection[str], *, using: str) -> list[str]:
    """The channels, of these, with rows that are due and whose turn comes soon, by the rate."""
    now = timezone.now()
    soon = now + timedelta(seconds=SOON_SECONDS)
    slow = [
        name
        for name, state in circuit.states(names, using=using).items()
        if state.next_at is not None and now < state.next_at <= soon and not circuit.is_open(state, now)
    ]
    return [name for name in slow if waiting(using=using).filter(channel=name, due_at__lte=now).exists()]
