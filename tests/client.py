"""A strict client over real sockets: it keeps PROTOCOL's rules for clients, and fails where a server breaks its own.

``Client(url, protocol=2)`` follows the stream by revisions; ``protocol=1`` knows the eight types of the original
design only. Waiting is for something to happen, with a deadline.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.inbox_copy import InboxCopy

Frame = dict[str, Any]

EIGHT_TYPES = {
    "connection_established", "notification", "unread_count", "ping",
    "pong", "mark_read", "get_unread_count", "notification_read_confirmation",
}  # fmt: skip
FINAL_CODES = {1000, 1008, 1009, 4400, 4403, 4410}
SECONDS = 5.0


class Client:
    """One tab. ``copy`` is what it knows of the inbox; ``frames`` and ``closes`` are all it ever heard."""

    def __init__(
        self,
        url: str,
        *,
        protocol: int = 2,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        list_url: str = "",
        **options: Any,
    ) -> None:
        self.url, self.protocol, self.query = url, protocol, query or {}
        self.headers, self.list_url, self.options = headers or {}, list_url, options
        self.copy = InboxCopy()
        self.frames: list[Frame] = []
        self.closes: list[tuple[int, str]] = []
        self.answers_pings = True
        self.socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._staying: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None
        self._news = asyncio.Event()

    # -- connecting ------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.leave()

    async def connect(self, *, greeted: bool = True) -> Self:
        """Connect, from the own cursor if there is one, and wait until greeted and up to date."""
        query = dict(self.query)
        if self.protocol == 2 and "subprotocols" not in self.options:
            query["protocol"] = 2
        if self.protocol == 2 and self.copy.rev is not None:
            query |= {"since": self.copy.rev, "epoch": self.copy.epoch}
        self.copy.begin(resuming=self.copy.rev is not None)
        self.socket = await connect(
            f"{self.url}?{urlencode(query)}",
            additional_headers=self.headers, proxy=None, ping_interval=None, max_size=None, **self.options,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read(self.socket))
        if greeted:
            await self.until(lambda: self.copy.up_to_date or self.closed)
        return self

    @property
    def closed(self) -> bool:
        return self._reader is None or self._reader.done()

    async def leave(self) -> None:
        """Go away as a closed tab does."""
        self.rest()
        if self.socket is not None:
            await self.socket.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    async def drop(self) -> None:
        """Go away without a word, as a lost network does."""
        assert self.socket is not None
        self.socket.transport.abort()
        await self.until(lambda: self.closed)

    def stay(self) -> None:
        """Connect again, and again, whenever the connection is lost, as a page does; soon, since tests are short."""
        self._staying = asyncio.create_task(self._stay())

    def rest(self) -> None:
        """Come back no more by itself."""
        if self._staying is not None:
            self._staying.cancel()
            self._staying = None

    async def _stay(self) -> None:
        while not (self.closes and self.closes[-1][0] in FINAL_CODES):
            if self.closed:
                with suppress(OSError, InvalidHandshake, TimeoutError, ConnectionClosed):
                    await self.connect(greeted=False)
            await asyncio.sleep(0.05)

    # -- talking ---------------------------------------------------------------------------------------------------

    async def say(self, kind: str, **fields: Any) -> None:
        await self.say_raw(json.dumps({"type": kind, **fields}))

    async def say_raw(self, text: str | bytes) -> None:
        assert self.socket is not None
        await self.socket.send(text)

    async def sync(self) -> None:
        self.copy.begin(resuming=True)
        await self.say("sync", since=self.copy.rev, epoch=self.copy.epoch)
        await self.until(lambda: self.copy.up_to_date)

    async def ask_back(self) -> None:
        """Return when the server has answered a ping, and so everything that was said before it."""
        pongs = len(self.of("pong"))
        await self.say("ping")
        await self.until(lambda: len(self.of("pong")) > pongs)

    # -- hearing ---------------------------------------------------------------------------------------------------

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The ``data`` of all frames of this type."""
        return [frame.get("data", {}) for frame in self.frames if frame["type"] == kind]

    @property
    def types(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    async def until(self, happened: Callable[[], object], *, seconds: float = SECONDS) -> None:
        """Wait until the condition holds.

        Raises:
            AssertionError: the deadline has passed, or the server broke a rule.
        """
        try:
            async with asyncio.timeout(seconds):
                while not happened():
                    self._raise_if_broken()
                    await self._news.wait()
                    self._news.clear()
        except TimeoutError:
            raise AssertionError(f"nothing within {seconds} s; closed {self.closes}; {self.frames[-8:]}") from None
        self._raise_if_broken()

    async def hears(self, kind: str, count: int = 1, *, seconds: float = SECONDS) -> dict[str, Any]:
        """Wait for the ``count``-th frame of this type, and return the data of the last one."""
        await self.until(lambda: len(self.of(kind)) >= count, seconds=seconds)
        return self.of(kind)[-1]

    async def closes_with(self, code: int, *, seconds: float = SECONDS) -> str:
        """Wait for the end, and return the reason given."""
        await self.until(lambda: self.closed, seconds=seconds)
        assert self.closes[-1][0] == code, self.closes
        return self.closes[-1][1]

    def forget_frames(self) -> None:
        self.frames.clear()

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            raise AssertionError(f"{self._broken}; the last frames: {self.frames[-8:]}") from self._broken

    async def _read(self, socket: ClientConnection) -> None:
        loading: asyncio.Task[None] | None = None
        try:
            async for text in socket:
                self._hear(json.loads(text))
                kind = self.frames[-1]["type"]
                if kind == "ping" and self.answers_pings:
                    await socket.send('{"type": "pong"}')
                elif kind == "resync_required" and self.copy.needs_list:
                    if loading is not None:
                        loading.cancel()
                    loading = asyncio.create_task(self._load_list())
        except ConnectionClosed:
            pass
        except Exception as error:
            self._broken = error
        finally:
            if loading is not None:
                loading.cancel()  # the next connection begins at the old cursor
            self.closes.append((socket.close_code or 1006, socket.close_reason or ""))
            self._news.set()

    def _hear(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._news.set()
        assert set(frame) <= {"type", "data", "timestamp"}, f"another envelope: {frame}"
        assert frame["timestamp"].endswith("Z"), f"not UTC: {frame}"
        if self.protocol == 1:
            assert frame["type"] in EIGHT_TYPES | {"error"}, f"not one of the eight: {frame}"
            self.copy.hear_plain(frame["type"], frame.get("data", {}))
        else:
            self.copy.hear(frame["type"], frame.get("data", {}))

    async def _load_list(self) -> None:
        """What ``resync_required`` asks for; what is heard meanwhile waits."""
        try:
            assert self.list_url, f"resync_required, and the test names no list: {self.frames[-1]}"
            self._take_list(await self.fetch_list())
        except Exception as error:
            self._broken = error
        self._news.set()

    async def fetch_list(self) -> list[dict[str, Any]]:
        """All pages of the list, each from where the last ended: none is left out while others come and go."""
        async with httpx.AsyncClient(headers=self.headers, verify=False, trust_env=False) as http:
            pages: list[dict[str, Any]] = []
            before: int | str | None = ""
            while before is not None:
                page = await self._fetch(http, {**self.query, "before": before, "per_page": 100})
                pages.append(page)
                before = page["next_before"]
        return pages

    async def _fetch(self, http: httpx.AsyncClient, params: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                return (await http.get(self.list_url, params=params)).raise_for_status().json()
            except httpx.TransportError:
                await asyncio.sleep(0.1)  # until it is there again, or this is not wanted any more

    def _take_list(self, pages: list[dict[str, Any]]) -> None:
        self.copy.load(pages)
