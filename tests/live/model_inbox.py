"""An inbox in memory, for tests that try thousands of orders of events: what numbering would do to the real one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notifications.inbox.changes import Changes, InboxState
from notifications.inbox.events import InboxChange, Kind, Row, Step
from notifications.live import hints, protocol

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


class ModelInbox:
    """Each method is one revision, and returns the hint that tells of it."""

    def __init__(self, user_id: int = 1) -> None:
        self.user_id, self.epoch, self.rev, self.seen_seq = user_id, "e", 0, 0
        self.rows: dict[int, Row] = {}

    @property
    def unread_count(self) -> int:
        return sum(row["counted"] for row in self.rows.values())

    def create(self, count: int = 1) -> hints.Hint:
        """New rows, committed together."""
        return self._hint(*(self._create() for _ in range(count)))

    def _create(self) -> Step:
        self.rev += 1
        pk = 100 + len(self.rows)
        self.rows[pk] = {
            "id": pk, "recipient_id": self.user_id, "type": "t", "subject": f"s{pk}", "message": "", "priority": "low",
            "url": "", "data": {}, "silent": False, "actor_text": "", "actor_url": "", "target_text": "",
            "target_url": "", "created_at": MOMENT, "read_at": None, "archived_at": None, "deleted_at": None,
            "seq": self.rev, "rev": self.rev, "counted": True,
        }  # fmt: skip
        return self._step(Kind.CREATED, [self.rows[pk]])

    def read(self, *, back: bool = False) -> hints.Hint | None:
        """Every other row that is not so yet."""
        rows = [row for row in self._living() if bool(row["read_at"]) == back][::2]
        return self._change(Kind.READ, rows, read_at=None if back else MOMENT, counted=back)

    def update(self) -> hints.Hint | None:
        return self._change(Kind.UPDATED, self._living()[-1:], subject="new")

    def delete(self) -> hints.Hint | None:
        return self._change(Kind.DELETED, self._living()[:1], deleted_at=MOMENT, counted=False)

    def many(self) -> hints.Hint | None:
        """A revision that fits no frame."""
        return self._change(Kind.MANY, self._living()[:3], archived_at=MOMENT, read_at=MOMENT, counted=False)

    def put_away_unread(self) -> hints.Hint | None:
        """Archived, and then marked unread: it is not counted."""
        return self._change(Kind.MANY, self._living()[:1], archived_at=MOMENT, counted=False)

    def see(self) -> hints.Hint:
        self.rev += 1
        self.seen_seq = self.rev - 1
        return self._hint(Step(self.rev, Kind.SEEN, self.unread_count, [], seen_seq=self.seen_seq))

    def new_epoch(self) -> None:
        self.epoch += "e"

    def changes(self, since: int) -> Changes:
        rows = [dict(row) for row in self.rows.values() if row["rev"] > since]
        state = InboxState(self.user_id, self.rev, 0, self.seen_seq, self.unread_count, self.epoch)
        return Changes(state, sorted(rows, key=lambda row: (row["rev"], row["id"])))

    def pages(self) -> list[dict[str, Any]]:
        """The list as REST answers it."""
        rows = [protocol.notification_data(row) for row in self._living()]
        summary = {"epoch": self.epoch, "rev": self.rev, "seen_seq": self.seen_seq, "unread_count": self.unread_count}
        return [{**summary, "notifications": rows}]

    def _living(self) -> list[Row]:
        return [row for row in self.rows.values() if not row["deleted_at"]]

    def _change(self, kind: Kind, rows: list[Row], **fields: Any) -> hints.Hint | None:
        if not rows:
            return None
        self.rev += 1
        for row in rows:
            row.update(fields, rev=self.rev)
        return self._hint(self._step(kind, rows))

    def _step(self, kind: Kind, rows: list[Row]) -> Step:
        return Step(self.rev, kind, self.unread_count, [dict(row) for row in rows])

    def _hint(self, *steps: Step) -> hints.Hint:
        return hints.single(InboxChange(self.user_id, self.epoch, list(steps)))
