"""A reverse proxy between browser and site, in a thread of its own, that fails as networks and old proxies do."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Any, Self

from tests.servers import free_port

CHUNK = 65_536
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Listens on a port of its own that stays the same, and connects each client to the site.

    While ``refuses_sockets`` is true, what asks to become a WebSocket is answered 403.
    """

    def __init__(self, upstream_port: int) -> None:
        self.port, self._upstream_port = free_port(), upstream_port
        self.refuses_sockets = False
        self.refused = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self._thread.start()
        self.plug_in()
        return self

    def stop(self) -> None:
        self.pull_out()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def plug_in(self) -> None:
        """Accept connections (again)."""
        self._call(self._listen())

    def pull_out(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._call(self._deafen())

    def cut(self) -> None:
        """Reset every connection; new ones are accepted."""
        self._call(self._cut())

    def _call(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=512)

    async def _deafen(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> None:
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        try:
            await self._link(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
        finally:
            self._links.discard(link)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if self.refuses_sockets and b"upgrade: websocket" in head.lower():
            self.refused += 1
            writer.write(REFUSED)
            writer.close()
            return
        upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        upstream[1].write(head)
        try:
            await _both_ways((reader, writer), upstream)
        finally:
            upstream[1].transport.abort()
            writer.close()


async def _both_ways(client: Streams, server: Streams) -> None:
    ways = [asyncio.create_task(_pipe(client[0], server[1])), asyncio.create_task(_pipe(server[0], client[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
