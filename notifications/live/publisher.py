"""Hands hints to the channel layer, on one thread per process, so that no sender ever waits for it.

``async_to_sync(group_send)`` costs a sender over a millisecond and a connection per call, and hangs with the layer.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from collections import deque
from typing import Any

from channels.layers import channel_layers

from ..conf import conf
from ..observability.metrics import hint_failures_total
from . import hints
from .membership import everyone_group, user_group

logger = logging.getLogger("notifications")

COALESCE_FROM = 16  # waiting single hints; fewer go to their users' groups
COALESCE_UP_TO = 500
COALESCE_CHARACTERS = 1_000_000  # of frames
LONGEST_QUEUE = 20_000
FLUSH_SECONDS = 0.5
SHORTEST_BREAK_SECONDS = 0.5
LONGEST_BREAK_SECONDS = 8.0


class Breaker:
    """After a failure, publishes nothing for a while, twice as long each time. What is dropped, reconcilers repair."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._closed_at = 0.0

    def allows(self, now: float) -> bool:
        return now >= self._closed_at

    def failed(self, now: float) -> None:
        self._seconds = min(max(self._seconds * 2, SHORTEST_BREAK_SECONDS), LONGEST_BREAK_SECONDS)
        self._closed_at = now + self._seconds

    def succeeded(self) -> None:
        self._seconds = self._closed_at = 0.0


class Publisher:
    """A queue and a daemon thread with an event loop and a channel layer of its own.

    Its own, because the pub/sub layer publishes and subscribes under one lock.
    """

    def __init__(self) -> None:
        self._reset()
        atexit.register(self.flush)
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        """Start afresh; a forked child has the parent's queue but not its thread."""
        self._waiting: deque[hints.Hint] = deque(maxlen=LONGEST_QUEUE)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._idle = threading.Event()
        self._idle.set()
        self._asleep = False

    def submit(self, hint: hints.Hint) -> None:
        """Queue a hint. Takes microseconds and never fails; where the queue is full, the oldest is dropped."""
        with self._lock:
            self._idle.clear()
            self._waiting.append(hint)
        if self._thread is None:
            self._start()
        elif self._asleep and self._loop is not None and self._wake is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until everything is handed over, for ``seconds`` at most. Returns whether it was."""
        return self._thread is None or self._idle.wait(seconds)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notifications-publisher", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        asyncio.run(self._publish_forever())

    async def _publish_forever(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        layer = channel_layers.make_backend(conf.CHANNEL_LAYER)
        breaker = Breaker()
        while True:
            # "Asleep" first, then one more look: the other way round, a hint that comes in between sleeps here.
            self._wake.clear()
            self._asleep = True
            with self._lock:
                if idle := not self._waiting:
                    self._idle.set()
            if idle:
                await self._wake.wait()
            self._asleep = False
            for group, message in self._take():
                await _publish(layer, breaker, group, message)

    def _take(self) -> list[tuple[str, dict[str, Any]]]:
        taken: list[hints.Hint] = []
        size = 0
        while self._waiting and len(taken) < COALESCE_UP_TO and size < COALESCE_CHARACTERS:
            hint = self._waiting.popleft()
            taken.append(hint)
            size += sum(len(entry["f"]) for entry in hint.get("frames", ()) if entry)
        single = [hint for hint in taken if "user" in hint]
        messages = [(everyone_group(), hint) for hint in taken if "user" not in hint]
        if len(single) < COALESCE_FROM:
            messages += [(user_group(hint["user"]), hint) for hint in single]
        else:
            messages.append((everyone_group(), hints.coalesced(single)))
        return [(group, {"type": "notifications.hint", **message}) for group, message in messages]


async def _publish(layer: Any, breaker: Breaker, group: str, message: dict[str, Any]) -> None:
    if not breaker.allows(time.monotonic()):
        hint_failures_total.inc()
        return
    try:
        async with asyncio.timeout(conf.PUBLISH_TIMEOUT_SECONDS):
            await layer.group_send(group, message)
    except Exception as error:
        hint_failures_total.inc()
        breaker.failed(time.monotonic())
        logger.warning(
            "a hint was not published, reconcilers will repair",
            extra={"error": f"{type(error).__name__}: {error}".strip()},
        )
    else:
        breaker.succeeded()


publisher = Publisher()
