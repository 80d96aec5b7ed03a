"""Where inboxes stand, and what changed in them since a revision."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Case, F, FilteredRelation, Q, Value, When

from ..models import Inbox
from .chunks import in_chunks
from .database import can_join_by_range, existing_users
from .events import ROW_FIELDS, Row
from .inboxes import ensure_inboxes
from .retention import new_epoch
from .sql import read_changes

USERS_PER_QUERY = 100
ROWS_PER_QUERY = 1_000
NO_EPOCH = str(uuid.UUID(int=0))  # of no inbox: whoever stands in it loads anew

_STATE = ("user_id", "last_rev", "horizon_rev", "seen_seq", "unread_count", "epoch")


@dataclass(frozen=True, slots=True)
class InboxState:
    """One moment of one inbox."""

    user_id: Any
    rev: int
    horizon_rev: int
    seen_seq: int
    unread_count: int
    epoch: str


@dataclass(slots=True)
class Changes:
    """The state, and whole rows by ``(rev, id)`` that lead to it; tombstones are among them.

    ``complete`` is false where there are more than the limit; the last one then ends its revision.
    """

    state: InboxState
    rows: list[Row]
    complete: bool = True


def inbox_states(user_ids: Collection[Any], *, using: str) -> dict[Any, InboxState]:
    """The state of each user's inbox, made where it is missing. Keys without a user are not in the answer.

    In a transaction that somebody else opened nothing is made, since it would be held for as long as theirs lasts:
    the answer is then an empty inbox in an epoch that no client can go on from.
    """
    states = _states(user_ids, using=using)
    if missing := [user_id for user_id in user_ids if user_id not in states]:
        if transaction.get_connection(using).in_atomic_block:
            known = existing_users(missing, using=using)
            return states | {user_id: InboxState(user_id, 0, 0, 0, 0, NO_EPOCH) for user_id in known}
        ensure_inboxes(missing, using=using)
        states |= _states(missing, using=using)
    return states


def _states(user_ids: Collection[Any], *, using: str) -> dict[Any, InboxState]:
    rows = Inbox.objects.using(using).filter(pk__in=list(user_ids)).values_list(*_STATE)
    return {row[0]: _state(row) for row in rows}


def _state(values: Sequence[Any]) -> InboxState:
    user_id, rev, horizon_rev, seen_seq, unread_count, epoch = values[: len(_STATE)]
    return InboxState(user_id, rev, horizon_rev, seen_seq, unread_count, str(epoch))


def changes_since(since: Mapping[Any, int], *, limit: int = ROWS_PER_QUERY, using: str) -> dict[Any, Changes]:
    """What changed for each user after the revision named, up to ``limit`` rows each. Who has no inbox is left out.

    A user's state and rows come from one statement: between two, a row could change, and be in neither answer.
    No statement reads more than ``limit`` rows; whom they leave out is asked for with the next.
    """
    answer: dict[Any, Changes] = {}
    for user_ids in in_chunks(since, USERS_PER_QUERY):
        waiting = {user_id: since[user_id] for user_id in user_ids}
        while waiting:
            found, more = _changes(waiting, limit=limit, using=using)
            answer |= found
            waiting = {user_id: rev for user_id, rev in waiting.items() if user_id not in found} if more else {}
    return answer


def _changes(since: Mapping[Any, int], *, limit: int, using: str) -> tuple[dict[Any, Changes], bool]:
    """One statement's answer, and whether users were left out of it."""
    found = _joined(since, limit=limit + 1, using=using)
    answer: dict[Any, Changes] = {}
    for values in found[:limit]:
        user_id = values[0]
        if user_id not in answer:
            answer[user_id] = Changes(_state(values), [])
        row = dict(zip(ROW_FIELDS, values[len(_STATE) :], strict=True))
        if row["id"] is not None:
            answer[user_id].rows.append(row)
    if len(found) > limit and (last := answer.get(found[limit][0])):
        if len(answer) > 1:
            del answer[last.state.user_id]  # the others took the room: theirs is the next statement
        else:
            last.complete = False
            _end_between_revisions(last, next_rev=found[limit][len(_STATE) + ROW_FIELDS.index("rev")])
    return answer, len(found) > limit


def _joined(since: Mapping[Any, int], *, limit: int, using: str) -> list[tuple[Any, ...]]:
    """State and row side by side, by user, revision and id; a user without changes is there with a row of nulls."""
    if not can_join_by_range(using):
        return read_changes(_STATE, since, limit=limit, using=using)
    cursors = Case(*(When(pk=user_id, then=Value(rev)) for user_id, rev in since.items()), default=Value(0))
    newer = FilteredRelation("user__inbox_notifications", condition=Q(user__inbox_notifications__rev__gt=cursors))
    return list(
        Inbox.objects.using(using)
        .annotate(changed=newer)
        .filter(pk__in=list(since))
        .order_by("pk", F("changed__rev"), F("changed__id"))
        .values_list(*_STATE, *(f"changed__{name}" for name in ROW_FIELDS))[:limit]
    )


def _end_between_revisions(changes: Changes, *, next_rev: int) -> None:
    """Leave out the revision that was cut, so that a cursor set to the last row's has missed nothing."""
    while changes.rows and changes.rows[-1]["rev"] == next_rev:
        changes.rows.pop()


def resync_reason(state: InboxState, since: int, epoch: str) -> str | None:
    """Why a client that stands at ``since`` cannot simply go on, or ``None`` if it can."""
    if epoch != state.epoch or since > state.rev:
        return "epoch"
    return "horizon" if since < state.horizon_rev else None


def went_back(state: InboxState, since: int, epoch: str) -> bool:
    """Whether the database stands before what it has told already: it was restored."""
    return epoch == state.epoch and since > state.rev


def start_new_epoch(user_id: Any, *, using: str) -> InboxState | None:
    """After :func:`went_back`: nothing that clients remember of this inbox holds any more. ``None``: it is gone."""
    new_epoch([user_id], using=using)
    return _states([user_id], using=using).get(user_id)
