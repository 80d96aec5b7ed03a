"""What a person does with their notifications: read, see, archive, delete.

Each changes rows in the caller's transaction and is announced after its commit. All are idempotent and touch only
the named user's own, numbered notifications.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from ..conf import conf
from ..exceptions import NotificationError, TooManyIds
from ..models import Changed, Inbox, Notification, NotificationQuerySet
from ..models.notification import BLANK
from ..signals import inbox_changed
from .chunks import in_chunks
from .commit import number_after_commit, run_after_commit
from .database import can_skip_locked, parse_user_key, sorts_before_locking, write_database
from .events import InboxChange, Kind, Step
from .inboxes import ensure_inboxes
from .sql import lock_rows
from .transactions import retry_deadlocks, short_transaction

logger = logging.getLogger("notifications")

ROWS_PER_UPDATE = 5_000
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Change:
    """``ids`` are those asked for that are the user's own; ``changed`` of them were not already so."""

    ids: list[int]
    changed: int


def mark_read(user: Any, ids: Collection[int]) -> Change:
    """Mark the user's own notifications read and tell every open page.

    Ids that are unknown or belong to others are ignored, so nobody can probe for them.

    Raises:
        TooManyIds: more than ``NOTIFICATIONS["MAX_IDS"]`` (default 500).
    """
    unread = Q(read_at__isnull=True)
    return _change(user, _chosen(ids), unread, Changed.READ, read_at=timezone.now())


def mark_unread(user: Any, ids: Collection[int]) -> Change:
    """The opposite of :func:`mark_read`."""
    return _change(user, _chosen(ids), Q(read_at__isnull=False), Changed.READ, read_at=None)


def mark_all_read(user: Any, up_to_seq: int | None = None) -> Change:
    """Mark everything read, or everything up to ``up_to_seq``: what arrived since the page was drawn stays unread."""
    unread = Q(read_at__isnull=True)
    return _change(user, unread & _up_to(up_to_seq), unread, Changed.READ, read_at=timezone.now())


def archive(user: Any, ids: Collection[int]) -> Change:
    """Put notifications away; they count as read."""
    now = timezone.now()
    read_at = Coalesce("read_at", Value(now))
    not_archived = Q(archived_at__isnull=True)
    return _change(user, _chosen(ids), not_archived, Changed.ARCHIVED, archived_at=now, read_at=read_at)


def unarchive(user: Any, ids: Collection[int]) -> Change:
    """Bring archived notifications back, read."""
    return _change(user, _chosen(ids), Q(archived_at__isnull=False), Changed.ARCHIVED, archived_at=None)


def delete(user: Any, ids: Collection[int]) -> Change:
    """Delete notifications; their content is gone at once, a tombstone tells clients that are away."""
    return _change(user, _chosen(ids), Q(), Changed.DELETED, deleted_at=timezone.now(), **BLANK)


def delete_all(user: Any) -> Change:
    """Delete everything the user has, archived or not."""
    return _change(user, Q(), Q(), Changed.DELETED, deleted_at=timezone.now(), **BLANK)


def mark_seen(user: Any, up_to_seq: int) -> None:
    """Remember that the user has seen, not necessarily read, everything up to ``up_to_seq``. It never goes back.

    Best effort: where somebody holds the inbox for seconds it is logged and forgotten. The next one says it again.
    """
    user_id, using = parse_user_key(user), write_database()
    _check_seq(up_to_seq)
    run_after_commit(lambda: _see_or_log(user_id, up_to_seq, using=using), using=using)


def _see_or_log(user_id: Any, up_to_seq: int, *, using: str) -> None:
    try:
        try:
            _see(user_id, up_to_seq, using=using)
        except OperationalError:  # the lock was not had in time
            _see(user_id, up_to_seq, using=using)
    except OperationalError as error:
        logger.warning(
            "the inbox was busy, what was seen is forgotten",
            extra={"user_id": str(user_id), "error": f"{type(error).__name__}: {error}".strip()},
        )


@retry_deadlocks
def _see(user_id: Any, up_to_seq: int, *, using: str) -> None:
    ensure_inboxes([user_id], using=using)
    with short_transaction(using=using):
        inbox = Inbox.objects.using(using).select_for_update().filter(pk=user_id).first()
        # No sequence number is above the last revision; a client that claims to have seen the future has not.
        seen_seq = min(up_to_seq, inbox.last_rev) if inbox else 0
        if inbox is None or seen_seq <= inbox.seen_seq:
            return
        inbox.last_rev += 1
        inbox.seen_seq = seen_seq
        inbox.save(using=using, update_fields=["last_rev", "seen_seq"])
    step = Step(inbox.last_rev, Kind.SEEN, inbox.unread_count, [], seen_seq=seen_seq)
    inbox_changed.send_robust(Inbox, changes=[InboxChange(user_id, str(inbox.epoch), [step])], using=using)


def _change(user: Any, chosen: Q, unless_so: Q, kind: Changed, **fields: Any) -> Change:
    return _change_rows(parse_user_key(user), chosen, unless_so, kind, fields, using=write_database())


@retry_deadlocks
def _change_rows(user_id: Any, chosen: Q, unless_so: Q, kind: Changed, fields: dict[str, Any], *, using: str) -> Change:
    rows: NotificationQuerySet = Notification.objects.using(using)
    changed = 0
    # A host's long transaction may hold one of the rows, and we one of the few threads that all sockets share.
    with short_transaction(using=using):
        ids = _lock_own(user_id, chosen, using=using)
        for chunk in in_chunks(ids, ROWS_PER_UPDATE):
            changed += rows.filter(unless_so, pk__in=chunk).change(kind, **fields)
        # Whoever numbers meanwhile skips the rows that are held here, and PostgreSQL holds also those that changed
        # while it waited for them and are not in the answer. So what others left pending is numbered after this, too.
        if changed or can_skip_locked(using):
            number_after_commit([user_id], using=using)
    return Change(ids, changed)


def _lock_own(user_id: Any, chosen: Q, *, using: str) -> list[int]:
    """Locked in the order of their ids: two tabs that mark the same rows would deadlock otherwise."""
    own = Notification.objects.using(using).visible().filter(chosen, recipient_id=user_id).order_by("pk")
    if sorts_before_locking(using):
        return list(own.select_for_update().values_list("pk", flat=True))
    ids = list(own.values_list("pk", flat=True))
    return [pk for chunk in in_chunks(ids, ROWS_PER_UPDATE) for pk in lock_rows(chunk, using=using)]


def _chosen(ids: Collection[int]) -> Q:
    if isinstance(ids, str | bytes) or not hasattr(ids, "__len__"):
        raise NotificationError(f"ids must be a list of notification ids; got {ids!r:.40}.")
    if len(ids) > conf.MAX_IDS:
        raise TooManyIds(f"{len(ids)} ids at once, and {conf.MAX_IDS} is the most. Send them in several calls.")
    return Q(pk__in=[number for number in map(_id, ids) if 0 < number <= LARGEST_ID])


def _id(value: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    raise NotificationError(f"A notification's id must be a whole number; got {value!r:.40}.")


def _up_to(seq: int | None) -> Q:
    if seq is None:
        return Q()
    _check_seq(seq)
    return Q(seq__lte=min(seq, LARGEST_ID))


def _check_seq(seq: Any) -> None:
    if type(seq) is not int or seq < 0:
        raise NotificationError(f"up_to_seq must be a whole number of 0 or more; got {seq!r:.40}.")


amark_read = sync_to_async(mark_read)
amark_unread = sync_to_async(mark_unread)
amark_all_read = sync_to_async(mark_all_read)
amark_seen = sync_to_async(mark_seen)
aarchive = sync_to_async(archive)
aunarchive = sync_to_async(unarchive)
adelete = sync_to_async(delete)
adelete_all = sync_to_async(delete_all)
