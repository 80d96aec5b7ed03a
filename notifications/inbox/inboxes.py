"""Make the inbox row of people who have none yet, and bring it in line with rows that came from elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.db import IntegrityError
from django.db.models import Count, F, Max, Q, QuerySet

from ..models import Inbox, Notification
from .chunks import in_chunks
from .database import existing_users
from .transactions import leave_users_unlocked, retry_deadlocks, short_transaction

USERS_PER_TRANSACTION = 200


def ensure_inboxes(user_ids: Collection[Any], *, using: str) -> set[Any]:
    """Create what is missing. Returns the keys that belong to no user.

    Called before a numbering transaction, never inside one: on MariaDB the insert there deadlocks.
    An inbox that is made anew (someone deleted it) starts above the highest revision that still stands.
    """
    wanted = set(user_ids)
    wanted -= set(Inbox.objects.using(using).filter(pk__in=wanted).values_list("pk", flat=True))
    if not wanted:
        return wanted
    known = existing_users(wanted, using=using)
    standing = _standing(known, using=using)
    fresh = []
    for user_id in sorted(known):
        last_rev, unread_count = standing.get(user_id, (0, 0))
        fresh.append(Inbox(user_id=user_id, last_rev=last_rev, unread_count=unread_count))
    try:
        _insert(fresh, using=using)
    except IntegrityError:
        if len(fresh) > 1:  # one of them was deleted meanwhile; the others must not suffer
            for inbox in fresh:
                ensure_inboxes([inbox.user_id], using=using)
    return wanted - known


def remove_left_over(user_ids: Collection[Any], *, using: str) -> None:
    """Remove rows without a number of people who do not exist: inserted in the moment when their user was deleted."""
    rows: QuerySet[Notification] = QuerySet(Notification, using=using)
    rows.filter(recipient_id__in=user_ids, seq=None)._raw_delete(using)


@retry_deadlocks
def _insert(inboxes: list[Inbox], *, using: str) -> None:
    # A host's transaction may have made the same inbox, and not committed it.
    with short_transaction(using=using), leave_users_unlocked(using=using):
        Inbox.objects.using(using).bulk_create(inboxes, ignore_conflicts=True)


def _standing(user_ids: Collection[Any], *, using: str) -> dict[Any, tuple[int, int]]:
    """The highest revision and the unread count that the rows themselves speak of."""
    rows = Notification.objects.using(using).filter(recipient_id__in=user_ids, rev__isnull=False).order_by()
    sums = rows.values("recipient_id").annotate(last_rev=Max("rev"), unread_count=Count("id", filter=Q(counted=True)))
    return {row["recipient_id"]: (row["last_rev"], row["unread_count"]) for row in sums}


def realign(user_ids: Iterable[Any], *, using: str) -> None:
    """Put inboxes right whose rows, or which themselves, were written with their numbers: a fixture, a partial restore.

    What clients remember of them is void, as after any restore.
    """
    wanted = set(user_ids)
    ensure_inboxes(wanted, using=using)
    for chunk in in_chunks(sorted(wanted), USERS_PER_TRANSACTION):
        _realign(chunk, using=using)


@retry_deadlocks
def _realign(user_ids: list[Any], *, using: str) -> None:
    with short_transaction(using=using):
        inboxes = Inbox.objects.using(using).select_for_update().filter(pk__in=user_ids).order_by("pk")
        locked = list(inboxes)
        _rows(user_ids, using=using).filter(rev__isnull=True).update(rev=F("seq"))  # see realign_later()
        standing = _standing(user_ids, using=using)
        for inbox in locked:
            highest, inbox.unread_count = standing.get(inbox.pk, (0, 0))
            inbox.last_rev = max(inbox.last_rev, highest)
            inbox.epoch = uuid.uuid4()
            inbox.save(using=using, update_fields=["last_rev", "unread_count", "epoch"])


@retry_deadlocks
def realign_later(user_ids: Iterable[Any], *, using: str) -> None:
    """Leave a mark that the sequencer knows: a pending row of each user that has its place, but no revision."""
    rows = _rows(user_ids, using=using)
    newest = rows.order_by().values("recipient_id").annotate(newest=Max("id")).values_list("newest", flat=True)
    with short_transaction(using=using):
        rows.filter(pk__in=list(newest)).update(rev=None, pending=True)


def _rows(user_ids: Iterable[Any], *, using: str) -> QuerySet[Notification]:
    """The rows that have a place; without our own update(), which refuses to move them."""
    rows: QuerySet[Notification] = QuerySet(Notification, using=using)
    return rows.filter(recipient_id__in=list(user_ids), seq__isnull=False)
