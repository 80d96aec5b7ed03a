"""The clients of the two systems, alike enough for one storm."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.client import FINAL_CODES, Client, Frame

# So long without a ping, and the network has lost us without telling. The browser's client waits 2.5 intervals; here
# the interval is one second, and a busy machine must not look like a broken network.
SILENCE_SECONDS = 6.0


class ProductClient(Client):
    """The strict client, which also notices when nothing comes any more."""

    async def _stay(self) -> None:
        while not (self.closes and self.closes[-1][0] in FINAL_CODES):
            if self.closed:
                with suppress(OSError, InvalidHandshake, TimeoutError, ConnectionClosed):
                    await self.connect(greeted=False)
            elif asyncio.get_running_loop().time() - self.heard_at > SILENCE_SECONDS:
                await self.drop()
            await asyncio.sleep(0.05)

    async def connect(self, *, greeted: bool = True) -> ProductClient:
        self.heard_at = asyncio.get_running_loop().time()
        return await super().connect(greeted=greeted)

    def _hear(self, frame: Frame) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        super()._hear(frame)

    @property
    def broken(self) -> str:
        return str(self._broken or "")


class TutorialCopy:
    """What a tutorial's page does with a frame: it appends it."""

    rev = None
    epoch = ""
    needs_list = False

    def __init__(self) -> None:
        self.shown: list[int] = []
        self.unread_count: int | None = None
        self.up_to_date = False

    def begin(self, *, resuming: bool) -> None:
        self.up_to_date = False

    def hear(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "connection_established":
            self.up_to_date = True
        elif kind == "notification":
            self.shown.append(data["id"])


class TutorialClient(Client):
    broken = ""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, protocol=1, **options)
        self.copy = TutorialCopy()

    def _hear(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._news.set()
        self.copy.hear(frame["type"], frame.get("data", {}))
