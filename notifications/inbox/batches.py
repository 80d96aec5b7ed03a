"""Send to many: written in the caller's transaction as one row of content and a row per chunk of people.

After the commit the chunks are expanded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, TypedDict

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from ..conf import conf
from ..exceptions import InvalidContent
from ..models import Batch, BatchChunk
from ..signals import notifications_inserted
from .chunks import in_chunks
from .commit import run_after_commit
from .content import build_content, parse_channels
from .database import parse_user_key, write_database
from .expansion import expand_batch

CHUNKS_PER_INSERT = 10


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
        for several in in_chunks(in_chunks(_distinct_keys(recipients), conf.CHUNK_SIZE), CHUNKS_PER_INSERT):
            batch.recipients += _write_chunks(batch, several, using=using)
        batch.save(using=using, update_fields=["recipients"])
        run_after_commit(lambda: expand_batch(batch.pk, using=using), using=using)
    return batch_result(batch, using=using)


def _write_chunks(batch: Batch, several: list[list[Any]], *, using: str) -> int:
    """Returns how many people they are."""
    chunks = [BatchChunk(batch=batch, user_ids=user_ids, size=len(user_ids)) for user_ids in several]
    BatchChunk.objects.using(using).bulk_create(chunks)
    for user_ids in several:
        notifications_inserted.send(Batch, content=batch, user_ids=user_ids, using=using)
    return sum(chunk.size for chunk in chunks)


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


def _distinct_keys(recipients: Iterable[Any]) -> Iterator[Any]:
    """Kept as JSON: a number stays one, anything else (a UUID) goes as its text."""
    if isinstance(recipients, QuerySet):
        keys, in_order = _keys_of_users(recipients)
        distinct = map(itemgetter(0), groupby(keys)) if in_order else _once_each(keys)
    elif isinstance(recipients, str | bytes):
        raise InvalidContent("recipients", "recipients must be a list of users or keys, not one string.")
    else:
        distinct = _once_each(map(parse_user_key, recipients))
    return (key if isinstance(key, int) else str(key) for key in distinct)


def _keys_of_users(users: QuerySet[Any]) -> tuple[Iterator[Any], bool]:
    """The keys, and whether they are in order, so that nothing need be remembered to know that one came before."""
    if not issubclass(users.model, get_user_model()):
        raise InvalidContent("recipients", f"recipients must be a queryset of users, not of {users.model._meta.label}.")
    query = users.query
    in_order = not (query.is_sliced or query.combinator or query.distinct_fields)
    if in_order:
        users = users.order_by("pk")
    return users.values_list("pk", flat=True).iterator(chunk_size=2_000), in_order


def _once_each(keys: Iterable[Any]) -> Iterator[Any]:
    seen = set()
    for key in keys:
        if key not in seen:
            seen.add(key)
            yield key


asend_notifications = sync_to_async(send_notifications)
