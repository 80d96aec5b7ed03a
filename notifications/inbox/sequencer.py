"""Change, commit, number, publish: this is "number".

Numbering never happens in a transaction that somebody else opened, since the inbox lock would be held for as long
as theirs lasts. It runs when that transaction has committed; whatever gets no number then is found by the sweeper.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import DatabaseError, IntegrityError
from django.db.models import Q

from ..conf import conf
from ..models import Changed, Inbox, Notification
from ..signals import inbox_changed
from . import fast_path
from .chunks import in_chunks
from .database import can_skip_locked
from .events import ROW_FIELDS, InboxChange, Kind, Row, Step
from .inboxes import ensure_inboxes, realign
from .sql import write_inboxes, write_numbers
from .transactions import retry_deadlocks, short_transaction

logger = logging.getLogger("notifications")

USERS_PER_TRANSACTION = 200
ROWS_PER_TRANSACTION = 5_000


def number(user_ids: Collection[Any], *, using: str, skip_busy: bool = False) -> int:
    """Number and announce everything pending of these users. Failing for one user never stops the others.

    Returns how many inboxes changed.

    Args:
        skip_busy: leave out inboxes that somebody holds at the moment, instead of waiting for them.
    """
    chunks = in_chunks(sorted(set(user_ids)), USERS_PER_TRANSACTION)
    return sum(_number_or_split(chunk, using=using, skip_busy=skip_busy) for chunk in chunks)


def number_one(user_id: Any, *, using: str) -> bool:
    """Number and announce a user's one pending row, which is new. False if it takes more than that."""
    change = fast_path.number(user_id, using=using)
    if change is not None:
        inbox_changed.send_robust(Inbox, changes=[change], using=using)
    return change is not None


def _number_or_split(user_ids: Sequence[Any], *, using: str, skip_busy: bool) -> int:
    numbered, more = 0, True
    try:
        while more:
            changed, more = _number_and_announce(user_ids, using=using, skip_busy=skip_busy)
            numbered += changed
    # Whatever it is (a value that its database cannot hold is no DatabaseError), it must not stop the others.
    except Exception as error:
        if len(user_ids) > 1:
            # Whoever is still busy now waits for the sweeper: one second of waiting must not become one per user.
            # Where busy inboxes are skipped, one that does not exist looks like a busy one.
            with suppress(DatabaseError):
                ensure_inboxes(user_ids, using=using)
            return numbered + sum(_number_or_split([user_id], using=using, skip_busy=True) for user_id in user_ids)
        _failed(user_ids[0], error, using=using)
    return numbered


def _failed(user_id: Any, error: Exception, *, using: str) -> None:
    logger.warning(
        "numbering failed, the sweeper will try again",
        extra={"user_id": str(user_id), "error": f"{type(error).__name__}: {error}".strip()},
    )
    if isinstance(error, IntegrityError):
        # Rows stand above the inbox: one of the two was brought from elsewhere, with its numbers.
        with suppress(DatabaseError):
            realign([user_id], using=using)


def _number_and_announce(user_ids: Sequence[Any], *, using: str, skip_busy: bool) -> tuple[int, bool]:
    changes, without_inbox, more = _number_locked(user_ids, using=using, skip_busy=skip_busy)
    if without_inbox:
        ensure_inboxes(without_inbox, using=using)
        more_changes, _, more_again = _number_locked(without_inbox, using=using, skip_busy=skip_busy)
        changes, more = changes + more_changes, more or more_again
    if changes:
        inbox_changed.send_robust(Inbox, changes=changes, using=using)
    return len(changes), more and bool(changes)


@retry_deadlocks
def _number_locked(
    user_ids: Sequence[Any], *, using: str, skip_busy: bool
) -> tuple[list[InboxChange], list[Any], bool]:
    """One short transaction. Returns what changed, who has no inbox yet, and whether rows were left over."""
    with short_transaction(using=using):
        # A statement of its own, before the rows are read: one combined statement counts rows that others
        # number while it waits for the lock.
        inboxes = {inbox.pk: inbox for inbox in _lock(user_ids, using=using, skip_busy=skip_busy)}
        rows = _pending(inboxes, using=using)
        if any(row["seq"] is not None and row["rev"] is None for row in rows):
            raise IntegrityError("an inbox waits for being brought in line with its rows")
        changes = []
        for user_id, own in groupby(rows, key=itemgetter("recipient_id")):
            changes.append(_number_inbox(inboxes[user_id], list(own), using=using))
        if rows:
            write_numbers(rows, using=using)
            write_inboxes([inboxes[change.user_id] for change in changes], using=using)
    without_inbox = [] if skip_busy and can_skip_locked(using) else [key for key in user_ids if key not in inboxes]
    return changes, without_inbox, len(rows) == ROWS_PER_TRANSACTION


def _lock(user_ids: Sequence[Any], *, using: str, skip_busy: bool) -> list[Inbox]:
    inboxes = Inbox.objects.using(using).select_for_update(skip_locked=skip_busy and can_skip_locked(using))
    return list(inboxes.filter(pk__in=user_ids).order_by("pk"))


def _pending(user_ids: Collection[Any], *, using: str) -> list[Row]:
    # A row that a host's transaction still holds is skipped: that transaction's own commit will number it.
    rows = (
        Notification.objects.using(using)
        .select_for_update(skip_locked=can_skip_locked(using))
        .filter(pending=True, recipient_id__in=list(user_ids))
        .order_by("recipient_id", "id")
        .values(*ROW_FIELDS, "changed")[:ROWS_PER_TRANSACTION]
    )
    return list(rows)


def _number_inbox(inbox: Inbox, rows: list[Row], *, using: str) -> InboxChange:
    """New rows get a revision each, in the order of their ids; the rest share one."""
    steps = []
    known = [row for row in rows if row["seq"] is not None]
    for row in rows:
        if row["seq"] is None:
            inbox.last_rev += 1
            row["seq"] = row["rev"] = inbox.last_rev
            _count(inbox, row)
            kind = Kind.DELETED if row["deleted_at"] else Kind.CREATED
            steps.append(Step(inbox.last_rev, kind, inbox.unread_count, [row]))
    if known:
        inbox.last_rev += 1
        for row in known:
            row["rev"] = inbox.last_rev
            _count(inbox, row)
        steps.append(_shared_step(inbox, known, using=using))
    return InboxChange(inbox.pk, str(inbox.epoch), steps)


def _count(inbox: Inbox, row: Row) -> None:
    counts = row["read_at"] is None and row["archived_at"] is None and row["deleted_at"] is None
    inbox.unread_count += counts - row["counted"]
    row["counted"] = counts


def _shared_step(inbox: Inbox, rows: list[Row], *, using: str) -> Step:
    """Say in one frame, if one can, what happened to rows that share a revision."""
    step = Step(inbox.last_rev, Kind.MANY, inbox.unread_count, rows)
    if all(row["deleted_at"] for row in rows):
        step.kind = Kind.DELETED
    elif all(row["changed"] == Changed.READ for row in rows) and _all_read_or_all_unread(rows):
        step.kind = Kind.READ
    elif len(rows) == 1:
        step.kind = Kind.UPDATED
    if len(rows) > conf.MAX_IDS:
        _shorten(step, using=using)
    return step


def _all_read_or_all_unread(rows: list[Row]) -> bool:
    # What is archived is not counted, read or not; a frame that goes by the count would call it read.
    return all(row["read_at"] for row in rows) or all(row["counted"] for row in rows)


def _shorten(step: Step, *, using: str) -> None:
    """Say "everything up to here" instead of too many ids, where that is true."""
    if step.kind is Kind.DELETED:
        others = Q(deleted_at__isnull=True)
    elif step.kind is Kind.READ and not step.rows[0]["counted"]:
        others = Q(read_at__isnull=True, deleted_at__isnull=True)
    else:
        step.kind = Kind.MANY
        return
    up_to_seq = max(row["seq"] for row in step.rows)
    # What waits for a number of its own is still what it was at its last one. The rows of this very step wait too, but
    # only for being written; they are no exception to the rule.
    others_below = (
        Notification.objects.using(using)
        .filter(others | Q(pending=True), recipient_id=step.rows[0]["recipient_id"], seq__lte=up_to_seq)
        .exclude(pending=True, pk__in=[row["id"] for row in step.rows])
    )
    if others_below.exists():
        step.kind = Kind.MANY
    else:
        step.up_to_seq = up_to_seq
