"""An ASGI application with a watch on its event loop, off until asked for: ``BENCHMARK_APPLICATION`` names it.

``/-/watch`` begins to watch, ``/-/pause`` ends it and answers with the longest pause in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
from importlib import import_module
from typing import Any

module, _, name = os.environ["BENCHMARK_APPLICATION"].partition(":")
watched = getattr(import_module(module), name)

TICK_SECONDS = 0.001


class Watch:
    """Wakes every millisecond and notes by how much it came late."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + TICK_SECONDS
        self._timer = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        self.longest = max(self.longest, now - self._due)
        self._due = now + TICK_SECONDS
        self._timer = self._loop.call_at(self._due, self._tick)

    def end(self) -> float:
        self._timer.cancel()
        return max(self.longest, self._loop.time() - self._due)


watches: list[Watch] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http" or not scope["path"].startswith("/-/"):
        await watched(scope, receive, send)
        return
    answer = {}
    if scope["path"] == "/-/watch":
        watches.append(Watch())
    else:
        answer = {"pause_ms": watches.pop().end() * 1e3}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
