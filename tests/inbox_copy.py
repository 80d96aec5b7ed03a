"""What a client knows of an inbox, and the rules by which frames change it. Every broken rule is an AssertionError."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]

LIVE_TYPES = {
    "notification", "notification_read_confirmation", "notification_updated", "notification_deleted", "seen",
}  # fmt: skip


class InboxCopy:
    """``rows`` by id, tombstones taken out; ``shown`` are ids in the order in which each was first heard of.

    ``from_start`` is true while it knows every row, and each from a live frame: then it must count what it is told.
    ``mixed`` is true in the midst of a replay, when some rows stand at the cursor and others at its end.
    """

    def __init__(self) -> None:
        self.rev: int | None = None
        self.epoch = ""
        self.seen_seq = 0
        self.unread_count: int | None = None
        self.rows: dict[int, Data] = {}
        self.deleted: set[int] = set()
        self.shown: list[int] = []
        self.live_revs: list[int] = []
        self.up_to_date = False
        self.needs_list = False
        self.from_start = False
        self.mixed = False
        self._held: list[tuple[str, Data]] | None = None
        self._resuming = False
        self._since = 0
        self._listed_rev = 0
        self._listed_early: set[int] = set()
        self._replayed: tuple[int, int] = (0, 0)

    def begin(self, *, resuming: bool) -> None:
        """A connection, or a sync, begins."""
        self.up_to_date = self.needs_list = False
        self._held = None
        self._resuming = resuming
        self._since = self.rev or 0
        self._replayed = (0, 0)

    @property
    def seqs(self) -> list[int]:
        return [self.rows[pk]["seq"] for pk in self.shown if pk in self.rows]

    @property
    def unread(self) -> set[int]:
        return {pk for pk, row in self.rows.items() if not row["read_at"] and not row.get("archived_at")}

    # -- protocol 2 ------------------------------------------------------------------------------------------------

    def hear(self, kind: str, data: Data) -> None:
        if kind == "resync_required":
            self.needs_list, self.up_to_date, self._held = True, False, []
            self._since, self._replayed = data["rev"], (0, 0)  # where the server thinks that we are from now on
        elif self._held is not None:
            # The list on its way may be older than this; applied before it, this would be wiped out by it.
            self._held.append((kind, data))
        elif kind == "connection_established":
            self._greeted(data)
        elif kind == "sync_complete":
            self._synced(data)
        elif kind == "unread_count":
            self._count(data)
        elif kind in LIVE_TYPES and data.get("replay"):
            self._replay(kind, data)
        elif kind in LIVE_TYPES and "rev" in data:
            self._live(kind, data)

    def _count(self, data: Data) -> None:
        self.unread_count = data.get("unread_count", self.unread_count)

    def _greeted(self, data: Data) -> None:
        assert data["protocol"] == 2, data
        self._count(data)
        if not self._resuming:
            self.rev, self.epoch, self.seen_seq = data["rev"], data["epoch"], data["seen_seq"]
            self.up_to_date, self.from_start = True, data["rev"] == 0

    def _synced(self, data: Data) -> None:
        self._since, self._replayed, self.mixed, self.up_to_date = data["rev"], (0, 0), False, True
        if self.rev is not None and data["rev"] < self.rev:
            assert data["rev"] < self._listed_rev, f"the cursor {self.rev} went back: {data}"
            return  # a list that we asked for has told us more than the server thinks that we know
        self.rev, self.seen_seq = data["rev"], data["seen_seq"]
        self._count(data)

    def _live(self, kind: str, data: Data) -> None:
        assert self.rev is not None
        if data["rev"] <= self.rev:
            assert data["rev"] <= self._listed_rev, f"{self.rev} was known: {data}"
            return  # the list that we asked for has it, and perhaps a later count
        assert data["rev"] == self.rev + 1, f"a gap after {self.rev}: {data}"
        self.rev = data["rev"]
        self.live_revs.append(data["rev"])
        if kind == "notification":
            assert data["id"] not in self.shown or data["id"] in self._listed_early, f"told twice: {data}"
        self._apply(kind, data)
        if self.from_start:
            assert len(self.unread) == self.unread_count, f"{sorted(self.unread)} are unread here: {data}"

    def _replay(self, kind: str, data: Data) -> None:
        pk = data["notification_ids"][-1] if kind == "notification_deleted" else data["id"]
        assert data["rev"] > self._since, f"replayed, though {self._since} was known: {data}"
        assert self._replayed < (data["rev"], pk), f"replayed out of order after {self._replayed}: {data}"
        self._replayed = (data["rev"], pk)
        if self.rev is not None and data["rev"] <= self.rev:
            return  # told live, or in a list, before the server knew that we have it: what we have is newer
        self.from_start, self.mixed = False, True
        self._apply(kind, data)

    def _apply(self, kind: str, data: Data) -> None:
        self._count(data)
        if kind in {"notification", "notification_updated"}:
            self._upsert(data)
        elif kind == "seen":
            self.seen_seq = data["seen_seq"]
        elif kind == "notification_deleted":
            for pk in self._named(data):
                self.rows.pop(pk, None)
                self.deleted.add(pk)
        else:
            for pk in self._named(data):
                if pk in self.rows:
                    self.rows[pk]["read_at"] = "then" if data["read"] else None

    def _named(self, data: Data) -> list[int]:
        if "up_to_seq" in data:
            return [pk for pk, row in self.rows.items() if row["seq"] <= data["up_to_seq"]]
        return data["notification_ids"] if "notification_ids" in data else [data["notification_id"]]

    def _upsert(self, data: Data) -> None:
        if data["id"] not in self.shown:
            self.shown.append(data["id"])
        self.rows[data["id"]] = dict(data)

    def load(self, pages: list[Data]) -> None:
        """Take over the list that REST gave. Its ``rev`` was read before its rows: some may come again as frames."""
        first, held = pages[0], self._held or []
        self._held = None
        self._listed_early = {row["id"] for page in pages for row in page["notifications"] if row["rev"] > first["rev"]}
        self.epoch, self.rev = first["epoch"], first["rev"]
        self._listed_rev = first["rev"]
        self.seen_seq, self.unread_count = first["seen_seq"], first["unread_count"]
        self.rows.clear()
        for row in sorted((row for page in pages for row in page["notifications"]), key=lambda row: row["seq"]):
            self._upsert(row)
        self.needs_list = self.from_start = self.mixed = False
        self.up_to_date = True
        for kind, data in held:
            if kind != "unread_count" and data.get("rev", 0) > first["rev"]:  # a bare count is as old as it is
                self.hear(kind, data)

    # -- the eight types of the original ---------------------------------------------------------------------------

    def hear_plain(self, kind: str, data: Data) -> None:
        if kind == "unread_count":
            self.unread_count, self.up_to_date = data["unread_count"], True
        elif kind == "notification" and "id" in data:
            assert data["id"] not in self.shown, f"told twice: {data}"
            self._upsert(data)
        elif kind == "notification_read_confirmation" and data["notification_id"] in self.rows:
            self.rows[data["notification_id"]]["read_at"] = "then" if data["read"] else None
