"""What time does to an inbox: expiry, tombstones, purging behind the horizon, and the step after a restore."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from ..conf import conf
from ..models import Inbox, Notification
from .chunks import in_chunks
from .database import write_database
from .sql import limit_lock_wait

ROWS_PER_STEP = 1_000


def expire(*, using: str | None = None) -> int:
    """Delete, as their owners would, what has expired or is older than ``RETENTION_DAYS``. Returns how many."""
    using = using or write_database()
    now = timezone.now()
    rows = Notification.objects.using(using)
    count = _tombstone(rows.filter(expires_at__lte=now, deleted_at=None), using=using)
    if conf.RETENTION_DAYS is not None:
        oldest = now - timedelta(days=conf.RETENTION_DAYS)
        count += _tombstone(rows.filter(created_at__lt=oldest, deleted_at=None), using=using)
    return count


def _tombstone(rows: Any, *, using: str) -> int:
    # Locked in the order of their ids, like every other change. What somebody holds is left to the next time: this
    # runs in every server process, and must not wait there for a host's long transaction.
    can_skip = transaction.get_connection(using).features.has_select_for_update_skip_locked
    free = rows.select_for_update(skip_locked=can_skip).order_by("pk").values_list("pk", flat=True)
    count, ids = 0, [0]
    while ids:
        with transaction.atomic(using=using):
            ids = list(free[:ROWS_PER_STEP])
            count += Notification.objects.using(using).filter(pk__in=ids).delete()[0]
    return count


def purge(*, using: str | None = None) -> int:
    """Remove tombstones that are older than ``TOMBSTONE_DAYS`` for good. Returns how many.

    The horizon rises in the same transaction: a client that was away for longer is told to load its list anew.
    """
    using = using or write_database()
    before = timezone.now() - timedelta(days=conf.TOMBSTONE_DAYS)
    old = Notification.objects.using(using).filter(deleted_at__lt=before, pending=False)
    count = 0
    while user_ids := list(old.order_by().values_list("recipient_id", flat=True).distinct()[:ROWS_PER_STEP]):
        for chunk in in_chunks(sorted(user_ids), 100):
            count += _purge_users(chunk, old, using=using)
    return count


def _purge_users(user_ids: list[Any], old: Any, *, using: str) -> int:
    with transaction.atomic(using=using):
        limit_lock_wait(using)
        inboxes = list(Inbox.objects.using(using).select_for_update().filter(pk__in=user_ids).order_by("pk"))
        rows = old.filter(recipient_id__in=user_ids)
        highest = dict(rows.order_by().values_list("recipient_id").annotate(Max("rev")))
        for inbox in inboxes:
            if highest.get(inbox.pk, 0) > inbox.horizon_rev:
                inbox.horizon_rev = highest[inbox.pk]
                inbox.save(using=using, update_fields=["horizon_rev"])
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
