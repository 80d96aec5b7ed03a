"""What time does to an inbox: expiry, tombstones, purging behind the horizon, and the step after a restore."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ..conf import conf
from ..models import Batch, Delivery, Inbox, Notification
from .chunks import in_chunks
from .database import can_skip_locked, write_database
from .sql import finish_batch
from .transactions import retry_deadlocks, short_transaction

ROWS_PER_STEP = 1_000
BATCHES_PER_STEP = 20  # each with the chunks of all its people
DELIVERIES_PER_STEP = 10_000


def expired(*, using: str) -> QuerySet[Notification]:
    """What :func:`expire` deletes."""
    return Notification.objects.using(using).filter(reduce(or_, _due()), deleted_at=None)


def _due() -> list[Q]:
    """One for each index that finds them."""
    now = timezone.now()
    if conf.RETENTION_DAYS is None:
        return [Q(expires_at__lte=now)]
    return [Q(expires_at__lte=now), Q(created_at__lt=now - timedelta(days=conf.RETENTION_DAYS))]


def expire(*, using: str | None = None, limit: int | None = None) -> int:
    """Delete, as their owners would, what has expired or is older than ``RETENTION_DAYS``. Returns how many.

    Args:
        limit: at most so many; by default all, in steps.
    """
    using = using or write_database()
    count = 0
    for due in _due():
        while limit is None or count < limit:
            at_most = ROWS_PER_STEP if limit is None else min(ROWS_PER_STEP, limit - count)
            found = _tombstone(due, at_most, using=using)
            if not found:
                break
            count += found
    return count


@retry_deadlocks
def _tombstone(due: Q, at_most: int, *, using: str) -> int:
    rows = Notification.objects.using(using)
    # Locked in the order of their ids, like every other change. What somebody holds is left to the next time: this
    # runs in every server process, and must not wait there for a host's long transaction.
    free = rows.filter(due, deleted_at=None).select_for_update(skip_locked=can_skip_locked(using)).order_by("pk")
    with transaction.atomic(using=using):
        return rows.filter(pk__in=list(free.values_list("pk", flat=True)[:at_most])).delete()[0]


def purgeable(*, using: str) -> QuerySet[Notification]:
    """The tombstones that :func:`purge` removes."""
    return Notification.objects.using(using).filter(deleted_at__lt=_oldest_kept(), pending=False)


def purgeable_batches(*, using: str) -> QuerySet[Batch]:
    """The finished sends to many that :func:`purge` removes."""
    return Batch.objects.using(using).filter(finished_at__lt=_oldest_kept())


def _oldest_kept() -> datetime:
    return timezone.now() - timedelta(days=conf.TOMBSTONE_DAYS)


def purge(*, using: str | None = None) -> int:
    """Remove tombstones and finished sends to many that are older than ``TOMBSTONE_DAYS`` for good. Returns how many.

    The horizon rises in the same transaction: a client that was away for longer is told to load its list anew.
    Deliveries go with their notifications, uncounted.
    """
    using = using or write_database()
    _finish_batches(using=using)
    old, old_batches = purgeable(using=using), purgeable_batches(using=using)
    count = 0
    while user_ids := list(old.order_by().values_list("recipient_id", flat=True).distinct()[:ROWS_PER_STEP]):
        for chunk in in_chunks(sorted(user_ids), 100):
            count += _purge_users(chunk, old, using=using)
    while batch_ids := list(old_batches.order_by("pk").values_list("pk", flat=True)[:BATCHES_PER_STEP]):
        count += Batch.objects.using(using).filter(pk__in=batch_ids).delete()[1].get(Batch._meta.label, 0)
    purge_deliveries(using=using)
    return count


def _finish_batches(*, using: str) -> None:
    """Note the end of sends to many whose last chunks died in the moment between."""
    open_ones = Batch.objects.using(using).filter(finished_at=None, created_at__lt=_oldest_kept())
    for batch_id in open_ones.values_list("pk", flat=True):
        with transaction.atomic(using=using):
            finish_batch(batch_id, using=using)


@retry_deadlocks
def _purge_users(user_ids: list[Any], old: Any, *, using: str) -> int:
    with short_transaction(using=using):
        inboxes = list(Inbox.objects.using(using).select_for_update().filter(pk__in=user_ids).order_by("pk"))
        rows = old.filter(recipient_id__in=user_ids).order_by("recipient_id", "rev")
        found = list(rows.values_list("recipient_id", "rev", "pk")[:ROWS_PER_STEP])
        highest = {user_id: rev for user_id, rev, _ in found}
        for inbox in inboxes:
            if highest.get(inbox.pk, 0) > inbox.horizon_rev:
                inbox.horizon_rev = highest[inbox.pk]
                inbox.save(using=using, update_fields=["horizon_rev"])
        if not found:  # somebody else has purged them
            return 0
        # By their ids: to find them otherwise MariaDB waits for living rows, too, if somebody holds them.
        chosen: Any = Notification.objects.using(using).filter(pk__in=[pk for *_, pk in found])
        count: int = chosen._raw_delete(using)
        return count


def purge_deliveries(*, using: str) -> int:
    """Remove deliveries of notifications that are gone, and old ones that carried digests. Returns how many.

    The database does not see to it: see :class:`~notifications.models.Delivery`. It is asked in steps along the primary
    key, none of which holds anything up.
    """
    rows = Delivery.objects.using(using)
    count, last = 0, 0
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:DELIVERIES_PER_STEP]):
        step = rows.filter(pk__gt=last, pk__lte=ids[-1])
        gone = list(step.filter(_left_over(using=using)).values_list("pk", flat=True))
        for chunk in in_chunks(gone, ROWS_PER_STEP):
            count += _remove_deliveries(chunk, using=using)
        last = ids[-1]
    return count


def _left_over(*, using: str) -> Q:
    notification = Notification.objects.using(using).filter(pk=OuterRef("notification_id"))
    member = Delivery.objects.using(using).filter(digest=OuterRef("pk"))
    # A carrier says how its members were sent, as long as there are any.
    carrier = Q(notification=None, finished_at__lt=_oldest_kept()) & ~Q(Exists(member))
    return (Q(notification__isnull=False) & ~Q(Exists(notification))) | carrier


@retry_deadlocks
def _remove_deliveries(ids: list[int], *, using: str) -> int:
    with short_transaction(using=using):
        rows: Any = Delivery.objects.using(using).filter(pk__in=ids)
        count: int = rows._raw_delete(using)
        return count


def new_epoch(user_ids: list[Any] | None = None, *, using: str | None = None) -> int:
    """Tell every client that what it remembers is void. Run it after every restore. Returns how many inboxes.

    A restored database may give revisions out a second time; nobody who heard the first ones may believe the second.
    """
    using = using or write_database()
    inboxes = Inbox.objects.using(using)
    if user_ids is not None:
        inboxes = inboxes.filter(pk__in=user_ids)
    keys = inboxes.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=ROWS_PER_STEP)
    count = 0
    for chunk in in_chunks(keys, ROWS_PER_STEP):
        # One epoch for all would do; one each costs nothing more and says nothing about other people.
        for key in chunk:
            count += Inbox.objects.using(using).filter(pk=key).update(epoch=uuid.uuid4())
    return count
