"""A strict client that keeps a diary: what it heard, and what it showed after each thing that it heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.client import Client, Frame
from tests.inbox_copy import InboxCopy
from tests.stateful.minutes import View


@dataclass(frozen=True, slots=True)
class Moment:
    """``kind`` is a frame's type, or ``page`` (drawn from the list), ``list`` (loaded, as resync asks) or ``lost``.

    ``held`` says that the frame waits for a list, ``mixed`` that a replay is under way.
    """

    kind: str
    data: Any
    epoch: str
    rev: int | None
    unread_count: int | None
    seen_seq: int
    rows: dict[int, View]
    held: bool
    mixed: bool


class Device(Client):
    """``open`` is what it should be; ``diary`` begins with each page that is opened anew.

    A client of the original's knows what came after the revision at which it was ``born``. It cannot be told that the
    database went back, so it is ``excused`` from what was new before the server noticed that.
    """

    name = ""
    open = False
    born = 0
    excused = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.diary: list[Moment] = []

    async def connect(self, *, greeted: bool = True) -> Device:
        if self.diary:
            self._write("lost", None)
        self.open = True
        await super().connect(greeted=greeted)
        return self

    async def draw_page(self) -> None:
        """Begin anew, as a page that the server rendered does: with its rows, and where they stand."""
        self.copy, self.diary, self.frames = InboxCopy(), [], []
        pages = await self.fetch_list()
        self.copy.load(pages)
        self._write("page", pages)

    async def go(self, how: str) -> None:
        """Go away: ``drop`` without a word, else with one."""
        self.open = False
        await (self.drop() if how == "drop" else self.leave())

    def check(self) -> None:
        """
        Raises:
            AssertionError: the server broke a rule, or closed the connection.
        """
        self._raise_if_broken()
        assert not (self.open and self.closed), f"{self.name} was closed: {self.closes}; {self.frames[-8:]}"

    def view(self, pk: int) -> View | None:
        """How it shows this notification, if it does."""
        return self._view(self.copy.rows[pk]) if pk in self.copy.rows else None

    def __repr__(self) -> str:
        where = f"revision {self.copy.rev}" if self.protocol == 2 else "no revision"
        return f"{self.name} ({'connected' if self.open else 'away'}, {where}, {self.copy.unread_count} unread)"

    def _hear(self, frame: Frame) -> None:
        super()._hear(frame)
        self._write(frame["type"], frame)

    def _take_list(self, pages: list[dict[str, Any]]) -> None:
        super()._take_list(pages)
        self._write("list", pages)

    def _write(self, kind: str, data: Any) -> None:
        copy = self.copy
        moment = Moment(
            kind, data, copy.epoch, copy.rev, copy.unread_count, copy.seen_seq,
            rows={pk: self._view(row) for pk, row in copy.rows.items()}, held=copy.needs_list, mixed=copy.mixed,
        )  # fmt: skip
        self.diary.append(moment)

    @staticmethod
    def _view(row: dict[str, Any]) -> View:
        return View(row["seq"], bool(row["read_at"]), bool(row.get("archived_at")), row["subject"])
