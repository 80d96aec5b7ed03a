"""Expand a send to many: each chunk becomes notifications in a transaction of its own, exactly once.

What a crash leaves, the sweeper takes up.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sized
from contextlib import contextmanager, nullcontext, suppress
from contextvars import copy_context
from copy import copy
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import Error, IntegrityError, connections, transaction
from django.db.models import Q
from django.utils import timezone

from ..models import Batch, BatchChunk, Inbox, Notification
from ..observability.metrics import notifications_sent_total
from ..signals import inbox_changed
from ..types import find_type
from .bulk_insert import bulk_insert
from .collapsing import SAID_ANEW, collapse, lock_inboxes
from .composing import window_of
from .database import can_skip_locked
from .events import ROW_FIELDS, BulkInsert
from .inboxes import ensure_inboxes, realign
from .insertion import announce
from .sql import MOST_UNDER_WAY, finish_batch, mark_expanded
from .transactions import retry_deadlocks, short_transaction

logger = logging.getLogger("notifications")

CHUNKS_WORTH_HELP = 10
# Whoever sends is at it until then, and a server process that took part would serve its sockets less well.
LEFT_AFTER_SECONDS = 3.0

# Where the next sweep of this process goes on, so that chunks that keep failing are no wall before the others.
_tried_up_to: dict[str, int] = {}


def expand_batch(batch_id: int, *, using: str) -> None:
    """Expand every chunk that waits. A chunk that fails is left to the sweeper and does not stop the others."""
    waiting = BatchChunk.objects.using(using).filter(batch_id=batch_id, expanded_at=None)
    chunk_ids = deque(waiting.order_by("pk").values_list("pk", flat=True))
    batch = Batch.objects.using(using).filter(pk=batch_id).first()
    # Where nobody is told nobody notes the end; of very many, one who was slow may not have seen that it is.
    is_noted = 0 < len(chunk_ids) <= MOST_UNDER_WAY
    with _help(chunk_ids, batch, using=using) if _is_worth_help(chunk_ids, using=using) else nullcontext():
        _expand_each(chunk_ids, batch, using=using)
    if not is_noted:
        with transaction.atomic(using=using):
            finish_batch(batch_id, using=using)


def _expand_each(chunk_ids: deque[int], batch: Batch | None, *, using: str) -> None:
    while True:
        try:
            chunk_id = chunk_ids.popleft()
        except IndexError:
            return
        expand_chunk(chunk_id, batch=batch, using=using)


def _is_worth_help(chunk_ids: Sized, *, using: str) -> bool:
    # Another connection does not see what a test's transaction wrote, SQLite has one writer at a time, and of a pool
    # somebody else may be waiting for the last one.
    pooled = connections[using].settings_dict["OPTIONS"].get("pool")
    return (
        len(chunk_ids) >= CHUNKS_WORTH_HELP
        and can_skip_locked(using)
        and not pooled
        and not connections[using].in_atomic_block
    )


@contextmanager
def _help(chunk_ids: deque[int], batch: Batch | None, *, using: str) -> Iterator[None]:
    """A second thread takes its share of the chunks: the database need not wait while this one computes."""

    def help_out() -> None:
        try:
            with suppress(Error):  # no connection to be had: then alone
                connections[using].ensure_connection()
                _expand_each(chunk_ids, batch, using=using)
        finally:
            connections[using].close()

    thread = threading.Thread(target=copy_context().run, args=[help_out], name="notifications-expansion")
    with suppress(RuntimeError):  # no thread to be had
        thread.start()
    try:
        yield
    except BaseException:  # Ctrl-C, say: what is left is the sweeper's
        chunk_ids.clear()
        raise
    finally:
        if thread.ident is not None:
            thread.join()


def expand_waiting(limit: int, *, using: str) -> int:
    """Take up what a crash left, up to ``limit`` chunks. Returns how many were expanded, or split."""
    _wake_due(limit, using=using)
    left = timezone.now() - timedelta(seconds=LEFT_AFTER_SECONDS)
    ready = Q(batch__created_at__lt=left) | Q(batch__due_at__isnull=False)
    waiting = BatchChunk.objects.using(using).filter(
        ready, expanded_at=None, due_at=None, pk__gt=_tried_up_to.get(using, 0)
    )
    chunk_ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])
    _tried_up_to[using] = chunk_ids[-1] if len(chunk_ids) == limit else 0
    return sum(expand_chunk(chunk_id, using=using) for chunk_id in chunk_ids)


def _wake_due(limit: int, *, using: str) -> None:
    """Let what was scheduled wait like everything else once its time has come."""
    chunks = BatchChunk.objects.using(using).filter(expanded_at=None)
    due = list(chunks.filter(due_at__lte=timezone.now()).order_by("due_at").values_list("pk", flat=True)[:limit])
    if due:
        chunks.filter(pk__in=due).update(due_at=None)


class _NoInbox(Exception):
    """Some of these people have none, and nothing was written."""

    def __init__(self, keys: list[Any]) -> None:
        super().__init__()
        self.keys = keys


def expand_chunk(chunk_id: int, *, batch: Batch | None = None, using: str) -> bool:
    """Turn one chunk into notifications, unless somebody else does. Returns whether it was done, or split, here.

    Args:
        batch: the chunk's, if the caller has it: its content does not change.
    """
    try:
        change = _expand(chunk_id, batch, using=using)
    # Whatever it is, the chunks behind it must not wait for it.
    except Exception as error:
        logger.warning(
            "a chunk of a send to many failed, the sweeper will try again",
            extra={"chunk_id": chunk_id, "error": f"{type(error).__name__}: {error}".strip()},
        )
        return _isolate(chunk_id, error, using=using)
    if change is None:
        return False
    if change.recipients:
        notifications_sent_total.inc(change.row["type"], by=len(change.recipients))
        inbox_changed.send_robust(Inbox, changes=[change], using=using)
    return True


def _expand(chunk_id: int, batch: Batch | None, *, using: str) -> BulkInsert | None:
    """Nearly always everybody has an inbox. Only where not, they are looked for, and it is begun again."""
    try:
        return _expand_locked(chunk_id, batch, all_or_none=True, using=using)
    except _NoInbox as some:
        keys = some.keys
    ensure_inboxes(keys, using=using)
    return _expand_locked(chunk_id, batch, all_or_none=False, using=using)


def _isolate(chunk_id: int, error: Exception, *, using: str) -> bool:
    """Put two halves, for the sweeper, in the place of a chunk that failed: one person must not hold up a thousand."""
    with suppress(Error):
        chunk = BatchChunk.objects.using(using).filter(pk=chunk_id, expanded_at=None).first()
        if chunk is not None and len(chunk.user_ids) > 1:
            return _split(chunk_id, using=using)
        if chunk is not None and isinstance(error, IntegrityError):
            # Rows stand above the inbox: one of the two was brought from elsewhere, with its numbers.
            realign(_keys(chunk), using=using)
    return False


@retry_deadlocks
def _split(chunk_id: int, *, using: str) -> bool:
    with short_transaction(using=using):
        chunk = _lock(chunk_id, using=using)
        if chunk is None:
            return False
        middle = len(chunk.user_ids) // 2
        for half in (chunk.user_ids[:middle], chunk.user_ids[middle:]):
            BatchChunk.objects.using(using).create(
                batch_id=chunk.batch_id, user_ids=half, size=len(half), language=chunk.language
            )
        chunk.delete()
    return True


def _lock(chunk_id: int, *, using: str) -> BatchChunk | None:
    chunks = BatchChunk.objects.using(using).select_for_update(skip_locked=can_skip_locked(using))
    return chunks.filter(pk=chunk_id, expanded_at=None).first()


def _keys(chunk: BatchChunk) -> list[Any]:
    return list(map(get_user_model()._meta.pk.to_python, chunk.user_ids))  # checked when they were written


@retry_deadlocks
def _expand_locked(chunk_id: int, batch: Batch | None, *, all_or_none: bool, using: str) -> BulkInsert | None:
    with short_transaction(using=using):
        chunk = _lock(chunk_id, using=using)
        if chunk is None or (batch and chunk.batch_id != batch.pk):  # in another tenant's schema, for instance
            return None
        batch = batch or Batch.objects.using(using).get(pk=chunk.batch_id)
        content = _in_language(batch, chunk.language)
        keys = _without_dedupe_key(batch, _keys(chunk), using=using)
        collapsed = _collapse(content, keys, using=using)
        recipients = bulk_insert(
            content, [key for key in keys if key not in collapsed], all_or_none=all_or_none, using=using
        )
        if recipients is None:
            raise _NoInbox(keys)
        announce(
            Batch, content, {each.user_id: each.notification_id for each in recipients}, batch.channels, using=using
        )
        mark_expanded(chunk_id, len(recipients) + len(collapsed), using=using)
        finish_batch(batch.pk, using=using)
    row = {name: getattr(content, name, None) for name in ROW_FIELDS}
    return BulkInsert({**row, "id": None, "recipient_id": None, "counted": True}, recipients)


def _in_language(batch: Batch, language: str) -> Batch:
    if not language:
        return batch
    content = copy(batch)
    for field, text in batch.translations[language].items():
        setattr(content, field, text)
    return content


def _collapse(content: Batch, keys: list[Any], *, using: str) -> dict[Any, int]:
    if content.collapse_key is None:
        return {}
    lock_inboxes(keys, using=using)
    said = {name: getattr(content, name) for name in ("type", "collapse_key", "priority", *SAID_ANEW)}
    return collapse(said, keys, window_of(find_type(content.type)), using=using)


def _without_dedupe_key(batch: Batch, keys: list[Any], *, using: str) -> list[Any]:
    if batch.dedupe_key is None:
        return keys
    have = Notification.objects.using(using).filter(recipient_id__in=keys, dedupe_key=batch.dedupe_key)
    had = set(have.values_list("recipient_id", flat=True))
    return [key for key in keys if key not in had]
