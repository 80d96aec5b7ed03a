"""Send to many: written in the caller's transaction as one row of content and a row per chunk of people.

After the commit the chunks are expanded.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, TypedDict

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from ..conf import conf
from ..exceptions import InvalidContent
from ..models import Batch, BatchChunk
from .chunks import in_chunks
from .commit import run_after_commit
from .composing import Given, compose, needs_language, reworded
from .database import parse_user_key, write_database
from .expansion import expand_batch
from .languages import languages_of
from .scheduling import new_batch

logger = logging.getLogger("notifications")

CHUNKS_PER_INSERT = 10


class BatchResult(TypedDict):
    """``pending`` people get theirs after the commit, or at ``send_at``; ``skipped`` do not exist, or had the
    ``dedupe_key`` already.
    """

    batch_id: int
    recipients: int
    created: int
    skipped: int
    pending: int


def send_notifications(
    recipients: Iterable[Any] | QuerySet[Any],
    notification_type: Any,
    subject: str | None = None,
    message: str = "",
    channels: Collection[str] | None = None,
    priority: str | None = None,
    data: dict[str, Any] | None = None,
    request_id: str | None = None,
    *,
    url: str = "",
    actor: models.Model | None = None,
    target: models.Model | None = None,
    expires_at: datetime | None = None,
    dedupe_key: str | None = None,
    collapse_key: str | None = None,
    send_at: datetime | None = None,
    context: Mapping[str, Any] | None = None,
) -> BatchResult:
    """Put one notification into the inbox of each of many people.

    Outside a transaction they all have it when the call returns; inside one, soon after its commit; with ``send_at``
    when that has come. A person named twice gets it once. What the type's templates say, each gets in their language.
    Arguments but ``recipients`` are those of :func:`~notifications.inbox.sending.send_notification`.

    Args:
        recipients: users, their primary keys, or a queryset of users, which is read in chunks.

    Raises:
        NotificationError: as for one person; nothing was written.
    """
    given = Given(
        subject=subject,
        message=message,
        channels=channels,
        priority=priority,
        data=data,
        url=url,
        actor=actor,
        target=target,
        expires_at=expires_at,
        dedupe_key=dedupe_key,
        collapse_key=collapse_key,
        send_at=send_at,
        context=context,
    )
    using = write_database()
    with transaction.atomic(using=using):
        writer = _Writer(notification_type, given, using=using)
        for several in in_chunks(in_chunks(_distinct_keys(recipients), conf.CHUNK_SIZE), CHUNKS_PER_INSERT):
            writer.write(several)
        batch = writer.finish()
        if batch.due_at is None:
            run_after_commit(lambda: expand_batch(batch.pk, using=using), using=using)
    result = batch_result(batch, using=using)
    logger.info(
        "notifications sent" if batch.due_at is None else "notifications scheduled",
        extra={"request_id": request_id, "batch_id": batch.pk, "type": batch.type, "recipients": batch.recipients},
    )
    return result


class _Writer:
    """Writes a batch and its chunks; the words of each language once."""

    def __init__(self, notification_type: Any, given: Given, *, using: str) -> None:
        self.given, self.using = given, using
        self.by_language = needs_language(notification_type, given)
        self.outgoing = compose(notification_type, given, language=settings.LANGUAGE_CODE if self.by_language else None)
        self.batch = new_batch(self.outgoing, using=using)

    def write(self, several: list[list[Any]]) -> None:
        chunks = [
            BatchChunk(batch=self.batch, user_ids=ids, size=len(ids), language=language, due_at=self.batch.due_at)
            for keys in several
            for language, ids in self._in_languages(keys)
        ]
        BatchChunk.objects.using(self.using).bulk_create(chunks)
        self.batch.recipients += sum(chunk.size for chunk in chunks)

    def finish(self) -> Batch:
        self.batch.save(using=self.using, update_fields=["recipients", "translations"])
        return self.batch

    def _in_languages(self, keys: list[Any]) -> Iterable[tuple[str, list[Any]]]:
        if not self.by_language:
            return [("", keys)]
        parsed = list(map(get_user_model()._meta.pk.to_python, keys))
        languages = languages_of(parsed, using=self.using)
        groups: dict[str, list[Any]] = {}
        for key, user_id in zip(keys, parsed, strict=True):
            groups.setdefault(languages[user_id], []).append(key)
        return [(self._worded(language), user_ids) for language, user_ids in sorted(groups.items())]

    def _worded(self, language: str) -> str:
        if language == settings.LANGUAGE_CODE:
            return ""
        if language not in self.batch.translations:
            self.batch.translations[language] = reworded(self.outgoing, self.given, language=language)
        return language


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
