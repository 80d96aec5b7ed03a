"""Send to many: written in the caller's transaction as one row of content and a row per chunk of people.

After the commit each chunk becomes notifications in a transaction of its own, exactly once. What a crash leaves,
the sweeper takes up.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, TypedDict

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from ..conf import conf
from ..exceptions import InvalidContent
from ..models import Batch, BatchChunk, Inbox, Notification
from ..observability.metrics import notifications_sent_total
from ..signals import inbox_changed, notifications_inserted
from .chunks import in_chunks
from .commit import run_after_commit
from .content import build_content, parse_channels
from .database import parse_user_key, write_database
from .events import ROW_FIELDS, BulkInsert, Recipient
from .inboxes import ensure_inboxes
from .sql import insert_for_inboxes, limit_lock_wait

logger = logging.getLogger("notifications")


class BatchResult(TypedDict):
    """``pending`` people get theirs after the commit; ``skipped`` do not exist, or had the ``dedupe_key`` already."""

    batch_id: int
    recipients: int
    created: int
    skipped: int
    pending: int


def send_notifications(
    recipients: Iterable[Any] | QuerySet[Any],
    notification_type: str,
    subject: str,
    message: str = "",
    channels: Collection[str] | None = None,
    priority: str | None = None,
    data: dict[str, Any] | None = None,
    *,
    url: str = "",
    actor: models.Model | None = None,
    target: models.Model | None = None,
    expires_at: datetime | None = None,
    dedupe_key: str | None = None,
) -> BatchResult:
    """Put one notification into the inbox of each of many people.

    Outside a transaction they all have it when the call returns; inside one, soon after its commit. A person named
    twice gets it once. Arguments but ``recipients`` are those of
    :func:`~notifications.inbox.sending.send_notification`.

    Args:
        recipients: users, their primary keys, or a queryset of users, which is read in chunks.

    Raises:
        NotificationError: as for one person; nothing was written.
    """
    content = build_content(
        notification_type,
        subject,
        message,
        channels=parse_channels(channels),
        priority=priority,
        data=data,
        url=url,
        actor=actor,
        target=target,
        expires_at=expires_at,
        dedupe_key=dedupe_key,
    )
    using = write_database()
    with transaction.atomic(using=using):
        batch = Batch.objects.using(using).create(**content)
        for user_ids in in_chunks(_distinct_keys(recipients), conf.CHUNK_SIZE):
            BatchChunk.objects.using(using).create(batch=batch, user_ids=user_ids, size=len(user_ids))
            notifications_inserted.send(Batch, content=batch, user_ids=user_ids, using=using)
            batch.recipients += len(user_ids)
        batch.save(using=using, update_fields=["recipients"])
        run_after_commit(lambda: expand_batch(batch.pk, using=using), using=using)
    return batch_result(batch, using=using)


def batch_result(batch: Batch, *, using: str) -> BatchResult:
    """How far the batch has come."""
    sums = batch.chunks.using(using).aggregate(
        created=Sum("created", default=0), pending=Sum("size", default=0, filter=Q(expanded_at=None))
    )
    created, pending = sums["created"], sums["pending"]
    return BatchResult(
        batch_id=batch.pk,
        recipients=batch.recipients,
        created=created,
        skipped=batch.recipients - created - pending,
        pending=pending,
    )


def cancel_batch(batch_id: int) -> int:
    """Send nothing to whom the batch has not reached yet. Returns how many chunks were stopped."""
    using = write_database()
    with transaction.atomic(using=using):
        now = timezone.now()
        # Chunks first, like whoever expands them: the other order deadlocks.
        stopped = BatchChunk.objects.using(using).filter(batch_id=batch_id, expanded_at=None).update(expanded_at=now)
        Batch.objects.using(using).filter(pk=batch_id, finished_at=None).update(cancelled_at=now, finished_at=now)
        return stopped


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
    """Take up what a crash left. Returns the number of chunks expanded."""
    waiting = BatchChunk.objects.using(using).filter(expanded_at=None).order_by("pk")
    return sum(expand_chunk(chunk_id, using=using) for chunk_id in list(waiting.values_list("pk", flat=True)[:limit]))


def expand_chunk(chunk_id: int, *, using: str) -> bool:
    """Turn one chunk into notifications, unless somebody else does. Returns whether it was done here."""
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
        return False
    if change is None:
        return False
    if change.recipients:
        notifications_sent_total.inc(change.row["type"], by=len(change.recipients))
        inbox_changed.send_robust(Inbox, changes=[change], using=using)
    return True


def _expand_locked(chunk_id: int, keys: list[Any], *, using: str) -> BulkInsert | None:
    can_skip = transaction.get_connection(using).features.has_select_for_update_skip_locked
    with transaction.atomic(using=using):
        limit_lock_wait(using)
        chunks = BatchChunk.objects.using(using).defer("user_ids").select_for_update(skip_locked=can_skip)
        chunk = chunks.filter(pk=chunk_id, expanded_at=None).first()
        if chunk is None:
            return None
        batch = Batch.objects.using(using).get(pk=chunk.batch_id)
        keys = _without_dedupe_key(batch, keys, using=using)
        inboxes = Inbox.objects.using(using).select_for_update().filter(pk__in=keys).order_by("pk")
        before = {row[0]: row for row in inboxes.values_list("pk", "epoch", "last_rev", "unread_count")}
        if before:
            insert_for_inboxes(batch, list(before), using=using)
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


def _distinct_keys(recipients: Iterable[Any]) -> Iterator[Any]:
    if isinstance(recipients, QuerySet):
        if not issubclass(recipients.model, get_user_model()):
            raise InvalidContent(
                "recipients", f"recipients must be a queryset of users, not of {recipients.model._meta.label}."
            )
        keys = recipients.values_list("pk", flat=True).iterator(chunk_size=2_000)
    elif isinstance(recipients, str | bytes):
        raise InvalidContent("recipients", "recipients must be a list of users or keys, not one string.")
    else:
        keys = map(parse_user_key, recipients)
    seen = set()
    for key in keys:
        if key not in seen:
            seen.add(key)
            # Kept as JSON: a number stays one, anything else (a UUID) goes as its text.
            yield key if isinstance(key, int) else str(key)


asend_notifications = sync_to_async(send_notifications)
