"""What the database did, written down by the database itself: triggers note every revision that is ever committed.

No client and no code of the product has a hand in it, so a client's history can be held against it: what rows an inbox
had at each revision, and how many of them were unread.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from django.db import connection

from notifications.models import Notification

TABLE = "test_minutes"

_COLUMNS = "user_id, epoch, rev, pk, seq, is_read, is_archived, is_deleted, subject, unread_count, seen_seq"
_ROW = (
    "NEW.recipient_id, (SELECT epoch FROM ntf_inbox WHERE user_id = NEW.recipient_id), NEW.rev, NEW.id,"
    " NEW.seq, NEW.read_at IS NOT NULL, NEW.archived_at IS NOT NULL, NEW.deleted_at IS NOT NULL, NEW.subject,"
    " NULL, NULL"
)
_INBOX = "NEW.user_id, NEW.epoch, NEW.last_rev, NULL, NULL, NULL, NULL, NULL, NULL, NEW.unread_count, NEW.seen_seq"
_FIELDS = (
    "user_id bigint, epoch {text}, rev bigint, pk bigint, seq bigint, is_read boolean, is_archived boolean,"
    " is_deleted boolean, subject varchar(255), unread_count integer, seen_seq bigint"
)
# When a row gets a number: new ones have none before, and every change gives another.
_TRIGGERS = {
    "row_made": ("INSERT ON ntf_notification", _ROW, "NEW.rev IS NOT NULL"),
    "row_numbered": ("UPDATE OF rev ON ntf_notification", _ROW, "NEW.rev IS NOT NULL"),
    "inbox_made": ("INSERT ON ntf_inbox", _INBOX, ""),
    "inbox_moved": ("UPDATE ON ntf_inbox", _INBOX, ""),
}


class View(NamedTuple):
    """What a person sees of one notification."""

    seq: int
    is_read: bool
    is_archived: bool
    subject: str

    @classmethod
    def of(cls, row: Notification) -> View:
        return cls(row.seq or 0, row.read_at is not None, row.archived_at is not None, row.subject)


@dataclass(frozen=True, slots=True)
class Standing:
    """An inbox at one revision."""

    epoch: str
    rev: int
    rows: dict[int, View]
    seen_seq: int

    @property
    def unread_count(self) -> int:
        return sum(not (row.is_read or row.is_archived) for row in self.rows.values())


class Minutes:
    """Where one person's inbox stood, revision by revision, in the order in which it happened."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.timeline: list[Standing] = []
        self._places: dict[tuple[str, int], int] = {}
        self._changes: dict[int, list[int]] = defaultdict(list)  # at which places of the timeline a row was numbered
        self._rows: dict[int, View] = {}
        self._seen_seq = 0
        self._read_up_to = 0

    def read(self) -> None:
        """Take in what was committed since the last time.

        Raises:
            AssertionError: the database's own count is not that of its rows.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, {_COLUMNS} FROM {TABLE} WHERE user_id = %s AND id > %s ORDER BY id",
                [self.user_id, self._read_up_to],
            )
            names = [column[0] for column in cursor.description]
            entries = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        if entries:
            self._read_up_to = entries[-1]["id"]
        for entry in entries:
            entry["epoch"] = str(uuid.UUID(str(entry["epoch"])))
        epochs = list(dict.fromkeys(entry["epoch"] for entry in entries))
        # Within an epoch by revision: one transaction gives several, and writes its rows before or after the inbox.
        entries.sort(key=lambda entry: (epochs.index(entry["epoch"]), entry["rev"], entry["id"]))
        for (epoch, rev), group in groupby(entries, key=lambda entry: (entry["epoch"], entry["rev"])):
            self._note(epoch, rev, list(group))

    def _note(self, epoch: str, rev: int, entries: list[dict[str, Any]]) -> None:
        rows = [entry for entry in entries if entry["pk"] is not None]
        inboxes = [entry for entry in entries if entry["pk"] is None]
        if (epoch, rev) in self._places:
            # An inbox is written again without a new revision when its horizon rises.
            assert not rows, f"revision {rev} was given out twice: {rows}"
        else:
            self._rows = dict(self._rows)
            for row in rows:
                self._write_row(row)
            if inboxes:
                self._seen_seq = inboxes[-1]["seen_seq"]
            self._places[epoch, rev] = len(self.timeline)
            self.timeline.append(Standing(epoch, rev, self._rows, self._seen_seq))
        unread_count = self.at(epoch, rev).unread_count
        for inbox in inboxes:
            assert inbox["unread_count"] == unread_count, f"{unread_count} are unread, the inbox says {inbox}"

    def _write_row(self, row: dict[str, Any]) -> None:
        self._changes[row["pk"]].append(len(self.timeline))
        self._rows.pop(row["pk"], None)
        if not row["is_deleted"]:
            self._rows[row["pk"]] = View(row["seq"], bool(row["is_read"]), bool(row["is_archived"]), row["subject"])

    def begin_again(self, rows: dict[int, View], seen_seq: int) -> None:
        """The database was brought back to these rows by hand. What it noted of that is no history of the inbox."""
        self._rows, self._seen_seq = rows, seen_seq
        forget(self.user_id)

    def place(self, epoch: str, rev: int) -> int:
        """Where in ``timeline`` this revision is.

        Raises:
            AssertionError: there never was such a revision.
        """
        assert (epoch, rev) in self._places, f"the inbox never stood at revision {rev} of {epoch}"
        return self._places[epoch, rev]

    def at(self, epoch: str, rev: int) -> Standing:
        return self.timeline[self.place(epoch, rev)]

    def changes_after(self, pk: int, place: int) -> bool:
        """Whether the row gets another number later than there."""
        return bool(self._changes[pk]) and self._changes[pk][-1] > place


def forget(user_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE user_id = %s", [user_id])


@contextmanager
def minutes_kept() -> Iterator[None]:
    """Make the table and its triggers, and remove them."""
    make = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql}[connection.vendor]
    _execute(_removal())
    try:
        _execute(make())
        yield
    finally:
        _execute(_removal())


def _execute(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _insert(values: str) -> str:
    return f"INSERT INTO {TABLE} ({_COLUMNS}) SELECT {values}"


def _sqlite() -> list[str]:
    made = [f"CREATE TABLE {TABLE} (id integer PRIMARY KEY AUTOINCREMENT, {_FIELDS.format(text='text')})"]
    for name, (event, values, condition) in _TRIGGERS.items():
        when = f"WHEN {condition}" if condition else ""
        made.append(f"CREATE TRIGGER {TABLE}_{name} AFTER {event} {when} BEGIN {_insert(values)}; END")
    return made


def _postgresql() -> list[str]:
    made = [f"CREATE TABLE {TABLE} (id bigserial PRIMARY KEY, {_FIELDS.format(text='uuid')})"]
    for name, (event, values, condition) in _TRIGGERS.items():
        when = f"WHEN ({condition})" if condition else ""
        made += [
            f"CREATE FUNCTION {TABLE}_{name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN {_insert(values)}; RETURN NULL; END'",
            f"CREATE TRIGGER {TABLE}_{name} AFTER {event} FOR EACH ROW {when} EXECUTE FUNCTION {TABLE}_{name}()",
        ]
    return made


def _mysql() -> list[str]:
    made = [f"CREATE TABLE {TABLE} (id bigint AUTO_INCREMENT PRIMARY KEY, {_FIELDS.format(text='char(36)')})"]
    for name, (event, values, condition) in _TRIGGERS.items():
        if "UPDATE OF rev" in event:  # MySQL's triggers have no columns
            event, condition = event.replace(" OF rev", ""), f"{condition} AND NOT (NEW.rev <=> OLD.rev)"
        made.append(
            f"CREATE TRIGGER {TABLE}_{name} AFTER {event} FOR EACH ROW"
            f" IF {condition or 'TRUE'} THEN {_insert(values)}; END IF"
        )
    return made


def _removal() -> list[str]:
    removed = []
    for name in _TRIGGERS:
        if connection.vendor == "postgresql":
            removed.append(f"DROP FUNCTION IF EXISTS {TABLE}_{name}() CASCADE")
        else:
            removed.append(f"DROP TRIGGER IF EXISTS {TABLE}_{name}")
    return [*removed, f"DROP TABLE IF EXISTS {TABLE}"]
