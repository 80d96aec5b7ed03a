"""From hints to the sockets they concern, each socket's revisions in order and without a gap."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from ..conf import conf
from . import protocol
from .connection import Connection
from .hints import BURST, VERSION, Entry, Hint, plain_frames
from .repairs import Repairs

logger = logging.getLogger("notifications")

PAUSE_SECONDS = 0.002  # how long delivering may hold the event loop at a time


class FanOut:
    """One task delivers everything of a process: no task, no thread and no queue per socket or message."""

    def __init__(self, connections: Mapping[Any, set[Any]], repairs: Repairs) -> None:
        self._connections = connections
        self._repairs = repairs
        self._waiting: deque[Hint] = deque()
        self._arrived = asyncio.Event()

    def receive(self, hint: Hint) -> None:
        """Take a hint, from this process or from the channel layer. Call it on the loop of the sockets."""
        self._waiting.append(hint)
        self._arrived.set()

    async def run(self) -> None:
        """Deliver for ever, and let the loop breathe every two milliseconds."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            until = time.perf_counter() + PAUSE_SECONDS
            while self._waiting:
                try:
                    for _ in self._deliver(self._waiting.popleft()):
                        if time.perf_counter() > until:
                            await asyncio.sleep(0)
                            until = time.perf_counter() + PAUSE_SECONDS
                except Exception:
                    # Whatever came through the layer must not end the task that delivers to everyone.
                    logger.exception("a hint could not be delivered, the database will be asked")
                    self._repairs.look_at_everyone()

    def _deliver(self, hint: Hint) -> Iterator[None]:
        """Deliver one hint; yields now and then, where a pause may be made."""
        if hint.get("v") != VERSION:
            self._repairs.look_at_everyone()
        elif "hints" in hint:
            yield from self._coalesced(hint)
        elif "users" in hint:
            yield from self._bulk(hint["frame"], hint["users"])
        else:
            self._single(hint)
            yield

    def _single(self, hint: Hint) -> None:
        for connection in self._connections.get(hint["user"], ()):
            if isinstance(connection, Connection):
                self._advance(connection, hint["epoch"], hint["from_rev"], hint["frames"])

    def _coalesced(self, hint: Hint) -> Iterator[None]:
        for single in hint["hints"]:
            self._single(single)
            yield
        for number, (key, epoch, rev, text, unread_count) in enumerate(zip(*hint["news"], strict=True)):
            for connection in self._connections.get(key, ()):
                self._tell(connection, epoch, rev, text, unread_count)
            if not number & 15:
                yield

    def _bulk(self, head: str, users: list[list[Any]]) -> Iterator[None]:
        for number, (key, epoch, rev, pk, unread_count) in enumerate(zip(*users, strict=True)):
            connections = self._connections.get(key)
            if connections:
                text = protocol.notification_frame(head, pk=pk, rev=rev, unread_count=unread_count)
                for connection in connections:  # sending changes no registry: who is gone is forgotten later
                    self._tell(connection, epoch, rev, text, unread_count)
            if not number & 63:
                yield

    def _tell(self, connection: Any, epoch: str, rev: int, text: str, unread_count: int) -> None:
        """One new notification: to nearly every socket it is what follows what it has."""
        if not isinstance(connection, Connection):
            return
        if (
            connection.sent == rev - 1
            and connection.protocol == 2
            and not connection.early
            and connection.epoch == epoch
            and not connection.lagging
        ):
            connection.push(text)
            connection.sent = rev
        else:
            self._advance(connection, epoch, rev, [{"f": text, "u": unread_count}])

    def _advance(self, connection: Connection, epoch: str, from_rev: int, entries: list[Entry | None]) -> None:
        if connection.sent is None or connection.lagging or connection.epoch != epoch:
            connection.highest = max(connection.highest, from_rev + len(entries) - 1)
            if connection.sent is not None and not connection.lagging:
                self._repairs.add(connection)
            return
        if len(entries) > BURST and from_rev + len(entries) - 1 > connection.sent:
            # Repairs go no faster than the client reads; this many at once would count as a reader too slow.
            self._repairs.add(connection)
            return
        for rev, entry in enumerate(entries, from_rev):
            if rev > connection.sent:
                connection.early[rev] = entry
        self._pass_on(connection)

    def _pass_on(self, connection: Connection) -> None:
        """Send what follows ``sent`` without a gap. What is early waits a little for what is missing."""
        early = connection.early
        sent = connection.sent
        assert sent is not None
        while early and not connection.lagging:
            if sent + 1 not in early:
                break
            sent += 1
            if not self._send(connection, sent, early.pop(sent)):
                return
        if early:
            self._repairs.add(connection, delay=conf.GAP_SECONDS)

    def _send(self, connection: Connection, rev: int, entry: Entry | None) -> bool:
        """Say one revision. False if the database must be asked what to say."""
        if entry is not None and connection.protocol == 2:
            connection.push(entry["f"])
        else:
            frames = None if entry is None else plain_frames(entry)
            if frames is None:
                self._repairs.add(connection)
                return False
            for text in frames:
                connection.push(text)
        # No await between here and there: what is queued is what ``sent`` says.
        connection.sent = rev
        return True
