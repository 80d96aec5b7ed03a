"""What ``inbox_changed`` carries: plain values, complete, so that a listener needs no query."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Row = dict[str, Any]

# The columns of a notification that leave the inbox.
ROW_FIELDS = (
    "id",
    "recipient_id",
    "type",
    "subject",
    "message",
    "priority",
    "url",
    "data",
    "silent",
    "count",
    "actor_text",
    "actor_url",
    "target_type_id",
    "target_id",
    "target_text",
    "target_url",
    "created_at",
    "read_at",
    "archived_at",
    "deleted_at",
    "seq",
    "rev",
    "counted",
)


class Kind(StrEnum):
    """What one revision did, as far as a single frame can say it."""

    CREATED = "created"
    READ = "read"  # read or unread: ``read_at`` of the rows says which
    UPDATED = "updated"
    DELETED = "deleted"
    SEEN = "seen"
    MANY = "many"  # fits no single frame: whoever is connected reads the database


@dataclass(slots=True)
class Step:
    """One revision of one inbox, and the unread count right after it."""

    rev: int
    kind: Kind
    unread_count: int
    rows: list[Row]
    up_to_seq: int | None = None  # instead of rows: every notification up to there
    seen_seq: int | None = None


@dataclass(slots=True)
class InboxChange:
    """Consecutive revisions of one inbox."""

    user_id: Any
    epoch: str
    steps: list[Step]


@dataclass(slots=True)
class Recipient:
    """One person's share of a :class:`BulkInsert`."""

    user_id: Any
    epoch: str
    rev: int
    notification_id: int
    unread_count: int


@dataclass(slots=True)
class BulkInsert:
    """One new notification for many people: ``row`` is the same for all but id, seq and rev."""

    row: Row
    recipients: list[Recipient]
