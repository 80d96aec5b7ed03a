"""A channel layer between processes that a test can hold, break and read: what Redis does on a bad day."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels.layers import BaseChannelLayer
from django.test import override_settings


class World:
    """What all instances share, since each event loop has one of its own."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.groups: set[str] = set()
        self.calls: list[str] = []
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.something = threading.Condition()

    def note(self, call: str) -> None:
        with self.something:
            self.calls.append(call)
            self.something.notify_all()

    def wait_for(self, happened: Any) -> None:
        with self.something:
            assert self.something.wait_for(happened, timeout=5), (self.calls, self.sent)

    @property
    def subjects(self) -> list[Any]:
        """Which hints were sent, in their order, however they were packed."""
        return [hint["n"] for _, m in self.sent for hint in m.get("hints", [m])]


world = World()


class BadDayLayer(BaseChannelLayer):
    extensions = ["groups"]

    async def _at(self, call: str) -> None:
        world.note(call)
        while not world.open.is_set():  # noqa: ASYNC110  set from other threads, awaited on several loops
            await asyncio.sleep(0.001)
        if world.error is not None:
            raise world.error

    async def new_channel(self, prefix: str = "specific.") -> str:
        await self._at("new_channel")
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        return f"{prefix}one"

    async def receive(self, channel: str) -> dict[str, Any]:
        await self._at("receive")
        return await self._messages.get()

    async def group_add(self, group: str, channel: str) -> None:
        await self._at(f"add {group}")
        world.groups.add(group)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._at(f"discard {group}")
        world.groups.discard(group)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._at(f"send {group}")
        with world.something:
            world.sent.append((group, message))
            world.something.notify_all()


@contextmanager
def bad_day(**notifications: Any) -> Iterator[World]:
    """This layer as the site's, all well at first."""
    world.__init__()  # type: ignore[misc]
    layers = {"default": {"BACKEND": "tests.live.layers.BadDayLayer"}}
    with override_settings(CHANNEL_LAYERS=layers, NOTIFICATIONS=notifications):
        yield world
    world.open.set()
