"""Hints: what one server process tells the others after a change. Losing one costs time, never a notification.

All values are plain, since they cross the channel layer. A receiver that does not know the version, or stands in
another epoch, reads the database instead; so old and new processes can run side by side.
"""

from __future__ import annotations

from typing import Any

from ..inbox.events import BulkInsert, InboxChange, Kind, Row, Step
from . import protocol

VERSION = 1
BURST = 100  # revisions of one inbox in one hint; of more, every receiver reads the database

# One revision: {"f": the frame of protocol 2, "u": unread count, "ids": [...] or None, "read": bool}. "u" is absent
# where the count cannot have changed, "ids" on a new notification.
Entry = dict[str, Any]
Hint = dict[str, Any]


def single(change: InboxChange) -> Hint:
    """A hint for one user: consecutive revisions, ``None`` where a revision fits no frame, or in a burst."""
    steps = change.steps
    return {
        "v": VERSION,
        "user": protocol.wire_key(change.user_id),
        "epoch": change.epoch,
        "from_rev": steps[0].rev,
        "to_rev": steps[-1].rev,
        "frames": [_entry(step) for step in steps] if len(steps) <= BURST else [None] * len(steps),
    }


def bulk(change: BulkInsert) -> Hint:
    """A hint for many users who got the same: the frame once, and each one's numbers."""
    users = [
        (protocol.wire_key(r.user_id), r.epoch, r.rev, r.notification_id, r.unread_count) for r in change.recipients
    ]
    return {"v": VERSION, "frame": protocol.notification_head(change.row), "users": _columns(users, 5)}


def coalesced(hints: list[Hint]) -> Hint:
    """Many single hints in one message; of those that are one new notification each, only what differs."""
    news = [_as_news(hint) for hint in hints]
    return {
        "v": VERSION,
        "news": _columns([each for each in news if each], 5),
        "hints": [hint for hint, each in zip(hints, news, strict=True) if not each],
    }


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """A list per field instead of one per row: thousands of small lists would set off the receiver's collector."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _as_news(hint: Hint) -> tuple[Any, ...] | None:
    """``(user, epoch, rev, frame, unread count)`` of a hint that says nothing else."""
    frames = hint.get("frames", ())
    if len(frames) != 1 or frames[0] is None or "ids" in frames[0] or "u" not in frames[0]:
        return None
    return hint["user"], hint["epoch"], hint["from_rev"], frames[0]["f"], frames[0]["u"]


def is_read(row: Row) -> bool:
    """What clients are told of a changed row. What is archived is not counted, read or not."""
    return row["read_at"] is not None or row["deleted_at"] is not None


def _entry(step: Step) -> Entry | None:
    unread, rev = step.unread_count, step.rev
    if step.kind is Kind.CREATED:
        row = step.rows[0]
        head = protocol.notification_head(row)
        return {"f": protocol.notification_frame(head, pk=row["id"], rev=rev, unread_count=unread), "u": unread}
    if step.kind is Kind.SEEN:
        return {"f": protocol.seen(step.seen_seq or 0, rev)}
    if step.kind is Kind.MANY:
        return None
    read = is_read(step.rows[0])
    ids = None if step.up_to_seq is not None else [row["id"] for row in step.rows]
    if step.kind is Kind.UPDATED:
        text = protocol.updated(step.rows[0], unread)
    elif step.kind is Kind.DELETED:
        text = protocol.deleted(unread, rev, ids=ids, up_to_seq=step.up_to_seq)
    else:
        text = protocol.confirmation(unread, rev, read=read, ids=ids, up_to_seq=step.up_to_seq)
    return {"f": text, "u": unread, "ids": ids, "read": read}


def plain_frames(entry: Entry) -> list[str] | None:
    """The same revision in the original's eight types; ``None`` where the database must be asked."""
    if "u" not in entry:
        return []
    if "ids" not in entry:
        return [entry["f"], protocol.unread_count(entry["u"])]
    if entry["ids"] is None:
        return None
    confirmations = [protocol.plain_confirmation(pk, read=entry["read"]) for pk in entry["ids"]]
    return [*confirmations, protocol.unread_count(entry["u"])]
