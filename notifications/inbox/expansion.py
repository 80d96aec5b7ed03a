"""Expand a send to many: each chunk becomes notifications in a transaction of its own, exactly once.

What a crash leaves, the sweeper takes up.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from django.contrib.auth import get_user_model
from django.db import Error, IntegrityError, models, transaction
from django.utils import timezone

from ..models import Batch, BatchChunk, Inbox, Notification
from ..observability.metrics import notifications_sent_total
from ..signals import inbox_changed
from .database import can_skip_locked
from .events import ROW_FIELDS, BulkInsert, Recipient
from .inboxes import ensure_inboxes, realign
from .sql import insert_for_inboxes
from .transactions import leave_users_unlocked, retry_deadlocks, short_transaction

logger = logging.getLogger("notifications")

# Where the next sweep of this process goes on, so that chunks that keep failing are no wall before the others.
_tried_up_to: dict[str, int] = {}


def expand_batch(batch_id: int, *, using: str) -> None:
    """Expand every chunk that waits. A chunk that fails is left to the sweeper and does not stop the others."""
    waiting = BatchChunk.objects.using(using).filter(batch_id=batch_id, expanded_at=None)
    chunk_ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    for chunk_id in chunk_ids:
        expand_chunk(chunk_id, using=using)
    if not chunk_ids:  # a send to nobody
        with transaction.atomic(using=using):
            _finish(batch_id, using=using)


def expand_waiting(limit: int, *, using: str) -> int:
    """Take up what a crash left, up to ``limit`` chunks. Returns how many were expanded, or split."""
    waiting = BatchChunk.objects.using(using).filter(expanded_at=None, pk__gt=_tried_up_to.get(using, 0))
    chunk_ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])
    _tried_up_to[using] = chunk_ids[-1] if len(chunk_ids) == limit else 0
    return sum(expand_chunk(chunk_id, using=using) for chunk_id in chunk_ids)


def expand_chunk(chunk_id: int, *, using: str) -> bool:
    """Turn one chunk into notifications, unless somebody else does. Returns whether it was done, or split, here."""
    people: list[Any] = []
    try:
        to_python = get_user_model()._meta.pk.to_python  # checked already, when they were written
        people = BatchChunk.objects.using(using).values_list("user_ids", flat=True).get(pk=chunk_id)
        keys = [to_python(key) for key in people]
        ensure_inboxes(keys, using=using)
        change = _expand_locked(chunk_id, keys, using=using)
    # Whatever it is, the chunks behind it must not wait for it.
    except Exception as error:
        logger.warning(
            "a chunk of a send to many failed, the sweeper will try again",
            extra={"chunk_id": chunk_id, "error": f"{type(error).__name__}: {error}".strip()},
        )
        return _isolate(chunk_id, people, error, using=using)
    if change is None:
        return False
    if change.recipients:
        notifications_sent_total.inc(change.row["type"], by=len(change.recipients))
        inbox_changed.send_robust(Inbox, changes=[change], using=using)
    return True


def _isolate(chunk_id: int, people: list[Any], error: Exception, *, using: str) -> bool:
    """Put two halves, for the sweeper, in the place of a chunk that failed: one person must not hold up a thousand."""
    with suppress(Error):
        if len(people) > 1:
            return _split(chunk_id, people, using=using)
        if isinstance(error, IntegrityError):
            # Rows stand above the inbox: one of the two was brought from elsewhere, with its numbers.
            realign(map(get_user_model()._meta.pk.to_python, people), using=using)
    return False


@retry_deadlocks
def _split(chunk_id: int, people: list[Any], *, using: str) -> bool:
    middle = len(people) // 2
    with short_transaction(using=using):
        chunk = _lock(chunk_id, using=using)
        if chunk is None:
            return False
        for half in (people[:middle], people[middle:]):
            BatchChunk.objects.using(using).create(batch_id=chunk.batch_id, user_ids=half, size=len(half))
        chunk.delete()
    return True


def _lock(chunk_id: int, *, using: str) -> BatchChunk | None:
    chunks = BatchChunk.objects.using(using).select_for_update(skip_locked=can_skip_locked(using))
    return chunks.defer("user_ids").filter(pk=chunk_id, expanded_at=None).first()


@retry_deadlocks
def _expand_locked(chunk_id: int, keys: list[Any], *, using: str) -> BulkInsert | None:
    with short_transaction(using=using):
        chunk = _lock(chunk_id, using=using)
        if chunk is None:
            return None
        batch = Batch.objects.using(using).get(pk=chunk.batch_id)
        keys = _without_dedupe_key(batch, keys, using=using)
        inboxes = Inbox.objects.using(using).select_for_update().filter(pk__in=keys).order_by("pk")
        before = {row[0]: row for row in inboxes.values_list("pk", "epoch", "last_rev", "unread_count")}
        if before:
            with leave_users_unlocked(using=using):
                insert_for_inboxes(batch, {row[0]: row[2] for row in before.values()}, using=using)
        recipients = _numbered(before, using=using)
        chunk.created, chunk.expanded_at = len(recipients), timezone.now()
        chunk.save(using=using, update_fields=["created", "expanded_at"])
        _finish(batch.pk, using=using)
    row = {name: getattr(batch, name, None) for name in ROW_FIELDS}
    return BulkInsert({**row, "id": None, "recipient_id": None, "counted": True}, recipients)


def _without_dedupe_key(batch: Batch, keys: list[Any], *, using: str) -> list[Any]:
    if batch.dedupe_key is None:
        return keys
    have = Notification.objects.using(using).filter(recipient_id__in=keys, dedupe_key=batch.dedupe_key)
    had = set(have.values_list("recipient_id", flat=True))
    return [key for key in keys if key not in had]


def _numbered(before: dict[Any, tuple[Any, ...]], *, using: str) -> list[Recipient]:
    """The ids that the database gave, with what each inbox became."""
    rows = Notification.objects.using(using).filter(
        recipient_id__in=list(before), seq=models.F("recipient__notification_inbox__last_rev")
    )
    recipients = []
    for pk, user_id in rows.values_list("pk", "recipient_id"):
        _, epoch, last_rev, unread_count = before[user_id]
        recipients.append(Recipient(user_id, str(epoch), last_rev + 1, pk, unread_count + 1))
    return recipients


def _finish(batch_id: int, *, using: str) -> None:
    """Called in the transaction of each chunk, so that a crash after the last one leaves nothing open."""
    # Locked first: two that expand the last two chunks would each still see the other's waiting.
    list(Batch.objects.using(using).select_for_update().filter(pk=batch_id).values_list("pk"))
    done = ~models.Exists(BatchChunk.objects.filter(batch_id=models.OuterRef("pk"), expanded_at=None))
    Batch.objects.using(using).filter(done, pk=batch_id, finished_at=None).update(finished_at=timezone.now())
