"""A TCP proxy that fails as networks do: it cuts, freezes, delays, swallows and truncates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK = 65_536


class Proxy:
    """Listens on a port of loopback that stays the same, and connects each client to what ``upstream()`` opens.

    ``delay_seconds`` holds back each chunk of bytes. While ``swallow_answers`` is true, what the upstream says goes
    nowhere, and nobody is told.
    """

    def __init__(self, port: int, upstream: Callable[[], Awaitable[Streams]]) -> None:
        self.port, self._upstream = port, upstream
        self.delay_seconds = 0.0
        self.swallow_answers = False
        self.swallowed = 0
        self._server: asyncio.Server | None = None
        self._links: set[Link] = set()

    async def start(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=2_048)
        return self

    async def stop(self) -> None:
        """Refuse connections from now on, and cut those there are."""
        if self._server:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Reset every connection, both ways."""
        for link in self._links:
            link.cut()

    def freeze(self) -> None:
        """Half-open: the present connections stay, but no byte moves any more, and nobody is told."""
        for link in self._links:
            link.frozen = True

    def truncate(self) -> None:
        """Pass on half of each connection's next chunk, then reset it."""
        for link in self._links:
            link.truncating = True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await self._upstream()
        except OSError:
            writer.transport.abort()
            return
        link = Link(self, (reader, writer), upstream)
        self._links.add(link)
        try:
            await link.run()
        except asyncio.CancelledError:
            link.abort()
        finally:
            self._links.discard(link)


class Link:
    """One client's connection with its counterpart upstream."""

    def __init__(self, proxy: Proxy, client: Streams, upstream: Streams) -> None:
        self._proxy, self._client, self._server = proxy, client, upstream
        self._task = asyncio.current_task()
        self.frozen = self.truncating = False

    async def run(self) -> None:
        asking = asyncio.create_task(self._pipe(self._client[0], self._server[1], answers=False))
        answering = asyncio.create_task(self._pipe(self._server[0], self._client[1], answers=True))
        try:
            await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
            if self.frozen:
                await asyncio.Event().wait()  # whoever hangs up now is not heard either, until somebody cuts
        finally:
            asking.cancel()
            answering.cancel()
        if self.truncating:
            self.abort()
        for _, writer in (self._client, self._server):
            writer.close()  # what is on its way still arrives

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if self._proxy.delay_seconds:
                    await asyncio.sleep(self._proxy.delay_seconds)
                if self.frozen:
                    return
                if answers and self._proxy.swallow_answers:
                    self._proxy.swallowed += 1
                    continue
                writer.write(data[: len(data) // 2] if self.truncating else data)
                await writer.drain()
                if self.truncating:
                    return

    def cut(self) -> None:
        if self._task:
            self._task.cancel()

    def abort(self) -> None:
        for _, writer in (self._client, self._server):
            writer.transport.abort()
