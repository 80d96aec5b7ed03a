"""One socket: what has been sent on it, what waits, and how it ends."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from sys import getsizeof
from types import CoroutineType
from typing import Any

from ..auth.identity import Identity
from ..conf import conf
from . import transports
from .hints import Entry
from .protocol import Close

Send = Callable[[dict[str, Any]], Awaitable[None]]

CLOSE_SECONDS = 5.0
LINGER_SECONDS = 1.0
UNWELCOME = {Close.JUNK, Close.TOO_MANY_FRAMES}


class Connection:
    """Frames leave in order. Sending makes no task unless the socket does not take the frame at once.

    ``sent`` is the revision up to which this client has everything; ``None`` until its snapshot is read. While
    ``lagging`` is true, hints are only noted in ``highest``: the database will be asked.
    """

    __slots__ = (
        "__weakref__",
        "_drained",
        "_drainer",
        "_queue",
        "_send",
        "_waiting_bytes",
        "_write",
        "blocked_since",
        "close_code",
        "early",
        "epoch",
        "highest",
        "identity",
        "lagging",
        "last_heard",
        "loop",
        "next_ping",
        "opened_at",
        "protocol",
        "sent",
        "user_id",
    )

    def __init__(self, send: Send, *, identity: Identity, protocol: int = 1) -> None:
        self.loop = asyncio.get_running_loop()
        self._send = send
        self._write = transports.writer(send)
        self._queue: deque[str] | None = None
        self._waiting_bytes = 0
        self._drainer: asyncio.Task[None] | None = None
        self._drained: asyncio.Event | None = None
        self.identity = identity
        self.user_id = identity.user_id
        self.protocol = protocol
        self.sent: int | None = None
        self.epoch = ""
        self.highest = 0
        self.lagging = False
        self.early: dict[int, Entry | None] = {}
        self.close_code: int | None = None
        self.opened_at = self.last_heard = self.loop.time()
        # Spread over the interval: after a mass connect all would be pinged in the same moment.
        self.next_ping = self.opened_at + conf.PING_INTERVAL_SECONDS * random.uniform(0.5, 1.0)
        self.blocked_since: float | None = None

    # -- sending -----------------------------------------------------------------------------------------------

    async def send_text(self, text: str) -> None:
        """Queue one frame.

        Raises:
            ConnectionError: the socket is closed or does not keep up.
        """
        if not self.push(text):
            raise ConnectionError("the socket is closed")

    def push(self, text: str) -> bool:
        """Send one frame without waiting. Returns whether the socket is still open."""
        if self.close_code is not None:
            return False
        if self._queue is not None:
            return self._wait_in_queue(text)
        try:
            if self._write is not None and self._write(text):
                return True
            # A new dict for each frame: a send that waits still holds its own.
            sending = self._send({"type": "websocket.send", "text": text})
            # A coroutine can be stepped as it is, without an object around it for each frame.
            step: Any = sending if type(sending) is CoroutineType else sending.__await__()
            yielded = step.send(None)
        except StopIteration:
            return True
        except Exception:
            self.abandon()
            return False
        self._queue = deque()
        self._waiting_bytes = getsizeof(text)  # what a server holds until the client takes it counts, too
        self.blocked_since = self.loop.time()
        self._drainer = self.loop.create_task(self._drain(step, yielded, self._waiting_bytes))
        return True

    def _wait_in_queue(self, text: str) -> bool:
        assert self._queue is not None
        # A frame that is larger than the bound by itself may wait alone, or it could never be sent.
        too_many = len(self._queue) >= conf.MAX_WAITING_FRAMES
        # In memory, not characters: one emoji makes Python keep every character of its frame in four bytes.
        size = getsizeof(text)
        if too_many or (self._queue and self._waiting_bytes + size > conf.MAX_WAITING_BYTES):
            self.close(Close.SLOW_READER, "Reader too slow")
            return False
        self._queue.append(text)
        self._waiting_bytes += size
        return True

    async def _drain(self, step: Generator[Any, Any, None], yielded: Any, sending: int) -> None:
        queue = self._queue
        assert queue is not None
        try:
            await _Rest(step, yielded)
            while queue and self.close_code is None:
                text = queue.popleft()
                self._waiting_bytes -= sending
                sending = getsizeof(text)
                self.blocked_since = self.loop.time()
                await self._send({"type": "websocket.send", "text": text})
        except Exception:
            self.abandon()
        finally:
            self._queue = self.blocked_since = self._drainer = None
            self._waiting_bytes = 0
            if self._drained is not None:
                self._drained.set()

    async def drained(self) -> None:
        """Return when nothing waits any more; at once if nothing does."""
        if self._queue is not None and self.close_code is None:
            self._drained = self._drained or asyncio.Event()
            self._drained.clear()
            await self._drained.wait()

    # -- ending ------------------------------------------------------------------------------------------------

    def close(self, code: int, reason: str = "") -> asyncio.Task[None] | None:
        """Close the socket without waiting for it; a client that reads nothing is cut off after five seconds."""
        if self.close_code is not None:
            return None
        self.close_code = code
        # The task is kept by the loop's own set only weakly; the slot holds it.
        task = self.loop.create_task(self._close(code, reason, self._drainer))
        self._drainer = task
        return task

    async def _close(self, code: int, reason: str, drainer: asyncio.Task[None] | None) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if drainer is not None:
                    await asyncio.wait({drainer})
                await self._send({"type": "websocket.close", "code": int(code), "reason": reason})
            if code in UNWELCOME:
                # uvicorn would listen to whatever they go on saying for ten seconds.
                self.loop.call_later(LINGER_SECONDS, transports.abort, self._send)
        except TimeoutError:
            transports.abort(self._send)
            if drainer is not None:
                drainer.cancel()
        except Exception:
            # Closed by the other side in the meantime: just what was wanted.
            transports.abort(self._send)

    def abandon(self) -> None:
        """The socket is gone; nothing can be said any more."""
        if self.close_code is None:
            self.close_code = 1006
        if self._drained is not None:
            self._drained.set()


class _Rest:
    """What is left of an awaitable that was stepped once by hand and yielded ``yielded``.

    The future it waits for is handed to the task as it is: it still carries the mark that ``await`` left on it.
    """

    __slots__ = ("_step", "_yielded")

    def __init__(self, step: Generator[Any, Any, None], yielded: Any) -> None:
        self._step = step
        self._yielded = yielded

    def __await__(self) -> Generator[Any, Any, None]:
        step, yielded = self._step, self._yielded
        try:
            while True:
                try:
                    value = yield yielded
                except BaseException as error:
                    yielded = step.throw(error)
                else:
                    yielded = step.send(value)
        except StopIteration:
            return
