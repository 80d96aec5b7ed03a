"""Bring sockets that lag up to date from the database, many with one query."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from ..conf import conf
from ..inbox.changes import (
    Changes,
    InboxState,
    changes_since,
    inbox_states,
    resync_reason,
    start_new_epoch,
    went_back,
)
from ..inbox.database import write_database
from ..inbox.events import Row
from . import protocol
from .connection import Connection
from .executor import run_db
from .hints import is_read
from .protocol import Close

logger = logging.getLogger("notifications")

RETRY_SECONDS = 1.0
GATHER_SECONDS = 0.2  # between two queries: who comes meanwhile shares the next; who comes alone waits for none
FRAMES_AT_ONCE = 100


class Repairs:
    """Sockets that miss a revision, and when to stop waiting for it."""

    def __init__(self) -> None:
        self._due: dict[Connection, float] = {}
        self._added = asyncio.Event()
        self._next_read_at = 0.0
        self._replaying: dict[Connection, asyncio.Task[None]] = {}
        self.look_at_everyone: Callable[[], None] = lambda: None  # set by the manager

    def add(self, connection: Connection, *, delay: float = 0.0) -> None:
        """Read the database for this socket, after ``delay`` seconds in which the gap may still close."""
        due = connection.loop.time() + delay
        if delay == 0:
            connection.lagging = True
            connection.early.clear()
        elif connection in self._due:
            return
        self._due[connection] = due
        self._added.set()

    def interrupt(self, connection: Connection) -> None:
        """End a replay: the client has just said where it really stands, which may be further back."""
        connection.lagging = False
        if replay := self._replaying.get(connection):
            replay.cancel()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._added.clear()
            now = loop.time()
            due = [connection for connection, at in self._due.items() if at <= now]
            if due and now < self._next_read_at:
                await asyncio.sleep(self._next_read_at - now)
                continue
            if due:
                await self._repair_or_retry(due)
                continue
            wait = min(self._due.values(), default=now + 3_600) - now
            try:
                async with asyncio.timeout(wait):
                    await self._added.wait()
            except TimeoutError:
                continue

    async def _repair_or_retry(self, due: list[Connection]) -> None:
        try:
            await self._repair(due)
        except Exception as error:
            logger.warning("a repair failed, trying again", extra={"error": f"{type(error).__name__}: {error}"})
            self._again([c for c in due if c.lagging], delay=RETRY_SECONDS)

    async def _repair(self, due: list[Connection]) -> None:
        since: dict[Any, int] = {}
        noted: dict[Connection, tuple[int, str]] = {}
        for connection in due:
            del self._due[connection]
            if connection.sent is None or connection.close_code is not None:
                connection.lagging = False
            elif connection.lagging or connection.early:
                connection.lagging = True
                connection.early.clear()
                noted[connection] = (connection.sent, connection.epoch)
                since[connection.user_id] = min(connection.sent, since.get(connection.user_id, connection.sent))
        if not since:
            return
        found = await run_db(changes_since, since, using=write_database())
        self._next_read_at = asyncio.get_running_loop().time() + GATHER_SECONDS
        if missing := since.keys() - found.keys():
            # Somebody deleted the inbox; this makes it anew.
            await run_db(inbox_states, missing, using=write_database())
        for connection, stood_at in noted.items():
            if connection.lagging:
                changes = found.get(connection.user_id)
                if changes and not changes.complete and since[connection.user_id] < stood_at[0]:
                    changes = await self._read_alone(connection.user_id, stood_at[0])
                await self._bring_up(connection, changes, stood_at)

    def _again(self, connections: list[Connection], *, delay: float) -> None:
        for connection in connections:
            self._due[connection] = connection.loop.time() + delay
        self._added.set()

    async def _bring_up(self, connection: Connection, changes: Changes | None, noted: tuple[int, str]) -> None:
        if connection.sent is None or connection.close_code is not None:
            connection.lagging = False
            return
        # Not read yet; or being replayed to; or it was synced while the database was read, which may be older.
        if changes is None or connection in self._replaying or (connection.sent, connection.epoch) != noted:
            self._again([connection], delay=conf.GAP_SECONDS)
            return
        if went_back(changes.state, connection.sent, connection.epoch):
            state = await run_db(start_new_epoch, connection.user_id, using=write_database())
            if state is None:  # the user was deleted meanwhile
                connection.close(Close.RIGHT_ENDED, "Access ended")
                return
            changes.state = state
        replay = self._replay if connection.protocol == 2 else self._replay_plain
        rows = [row for row in changes.rows if row["rev"] > (connection.sent or 0)]
        # In a task of its own: a slow reader must not hold up the other repairs.
        task = asyncio.create_task(replay(connection, changes.state, rows, complete=changes.complete))
        self._replaying[connection] = task
        task.add_done_callback(partial(self._replayed, connection))

    async def _read_alone(self, user_id: Any, since: int) -> Changes | None:
        """What another socket of the same user, that is further behind, left no room for."""
        return (await run_db(changes_since, {user_id: since}, using=write_database())).get(user_id)

    def _replayed(self, connection: Connection, task: asyncio.Task[None]) -> None:
        del self._replaying[connection]
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a replay failed, trying again", exc_info=error)
            self._again([connection], delay=RETRY_SECONDS)

    def _finish(self, connection: Connection, rev: int) -> None:
        connection.sent = rev
        connection.lagging = False
        if connection.highest > rev:
            # A hint came while the database was read; or one of another epoch, which the next read will settle.
            connection.highest = 0
            self.add(connection)

    async def _replay(self, connection: Connection, state: InboxState, rows: list[Row], *, complete: bool) -> None:
        reason = resync_reason(state, connection.sent or 0, connection.epoch)
        if reason is None and (not complete or len(rows) > conf.MAX_REPLAY):
            reason = "too_far"
        connection.epoch = state.epoch
        if reason:
            connection.push(protocol.resync_required(reason, state.epoch, state.rev))
        else:
            await self._push_all(connection, (protocol.whole_row(row, state.unread_count) for row in rows))
            connection.push(protocol.sync_complete(state.rev, state.seen_seq, state.unread_count))
        self._finish(connection, state.rev)

    async def _replay_plain(
        self, connection: Connection, state: InboxState, rows: list[Row], *, complete: bool
    ) -> None:
        known = connection.sent or 0
        connection.epoch = state.epoch
        await self._push_all(connection, plain_rows(rows, known, state.unread_count))
        connection.push(protocol.unread_count(state.unread_count))
        # Of a revision that is longer than a page, there is the count only.
        self._finish(connection, state.rev if complete or not rows else rows[-1]["rev"])
        if not complete and rows:
            self.add(connection)

    @staticmethod
    async def _push_all(connection: Connection, frames: Iterable[str]) -> None:
        """No faster than the client reads: all at once would overflow what may wait for it."""
        for number, text in enumerate(frames, 1):
            connection.push(text)
            await connection.drained()
            if number % FRAMES_AT_ONCE == 0:
                await asyncio.sleep(0)


def plain_rows(rows: Iterable[Row], known: int, unread_count: int) -> Iterator[str]:
    """In the eight types: new rows, and one confirmation per changed row."""
    for row in rows:
        if row["seq"] <= known:
            yield protocol.plain_confirmation(row["id"], read=is_read(row))
        elif not row["deleted_at"]:
            head = protocol.notification_head(row)
            yield protocol.notification_frame(head, pk=row["id"], rev=row["seq"], unread_count=unread_count)
