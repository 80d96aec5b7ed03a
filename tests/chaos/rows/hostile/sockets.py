"""Sockets that cost little: bytes prepared beforehand, no library in between."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from select import select
from typing import Any, Self

from tests import wire
from tests.live_site import SERVICE_KEY

from ...world import World

Hear = Callable[[str, dict[str, Any]], None]

SECONDS = 10.0
GONE = 1006
STILL_OPEN = 0


def handshake(world: World, user: int, **query: Any) -> bytes:
    """The opening handshake of a socket of this user."""
    own = {"user_id": user, **({"protocol": 2} if world.is_product else {"api_key": SERVICE_KEY})}
    return wire.handshake(world.site.port, {**own, **query}, key=SERVICE_KEY if world.is_product else None)


class RawSocket:
    """A socket for attacks, to be used in a thread. It blocks, and says whatever bytes it is given."""

    def __init__(self, world: World, user: int, *, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(SECONDS)
        self._socket.connect(("127.0.0.1", world.site.port))
        self._socket.sendall(handshake(world, user))
        self._frames = wire.Frames()
        self.close_code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._socket.close()

    @property
    def port(self) -> int:
        """Its own, by which the kernel's tables name it."""
        return int(self._socket.getsockname()[1])

    def open(self) -> Self:
        """Read the handshake's answer, and no more than that."""
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            if not (byte := self._socket.recv(1)):
                raise ConnectionResetError("closed during the handshake")
            answer += byte
        if b" 101 " not in answer:
            raise ConnectionRefusedError(answer[:80].decode(errors="replace"))
        return self

    def say(self, data: bytes) -> bool:
        """Returns whether the other side still takes it."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def flood(self, data: bytes, *, until: float, reads: bool) -> int:
        """Say this again and again, closes or not, until the connection is gone. Returns how many bytes it took."""
        self._socket.setblocking(False)
        view, at, sent = memoryview(data), 0, 0
        with suppress(ConnectionError):
            while time.monotonic() < until:
                readable, writable, _ = select([self._socket] if reads else [], [self._socket], [], 0.1)
                if readable and not self._take(self._socket.recv(262_144)):
                    break
                if writable:
                    count = self._socket.send(view[at:])
                    at, sent = (at + count) % len(data), sent + count
        return sent

    def until_closed(self, *, seconds: float) -> int:
        """The code it was closed with; 1006 if it was cut, 0 if it is still open when time is up."""
        deadline = time.monotonic() + seconds
        with suppress(TimeoutError):
            while self.close_code is None:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
                if not self._take(self._socket.recv(262_144)):
                    return self.close_code or GONE
        return self.close_code or STILL_OPEN

    def _take(self, data: bytes) -> bool:
        for opcode, payload in self._frames.feed(data):
            if opcode == wire.CLOSE:
                self.close_code = wire.close_code(payload)
        return bool(data)


class Listener(asyncio.Protocol):
    """One well-behaved tab. ``hear`` is called with the type and data of each frame."""

    def __init__(self, request: bytes, hear: Hear) -> None:
        self._request, self._hear = request, hear
        self._frames = wire.Frames()
        self._answer = b""
        self.transport: asyncio.Transport | None = None
        self.close_code: int | None = None
        self.refused = ""  # how the handshake was answered, if not by a socket
        loop = asyncio.get_running_loop()
        self.up: asyncio.Future[None] = loop.create_future()
        self.gone: asyncio.Future[int] = loop.create_future()

    @classmethod
    async def open(cls, world: World, user: int, hear: Hear, **query: Any) -> Self:
        """Return when it is greeted.

        Raises:
            ConnectionError: nobody listens there, or the handshake was refused.
        """
        loop = asyncio.get_running_loop()
        opening = handshake(world, user, **query)
        _, listener = await loop.create_connection(lambda: cls(opening, hear), "127.0.0.1", world.site.port)
        await listener.up
        return listener

    def say(self, text: bytes) -> None:
        assert self.transport is not None
        self.transport.write(wire.frame(text))

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    # -- asyncio.Protocol --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._answer is not None:
            head, end, data = (self._answer + data).partition(b"\r\n\r\n")
            self._answer = head
            if not end:
                return
            if b" 101 " not in head:
                self.refused = head.partition(b"\r\n")[0].decode(errors="replace")
                self.abort()
                return
            self._answer = None
        for opcode, payload in self._frames.feed(data):
            self._take(opcode, payload)

    def _take(self, opcode: int, payload: bytes) -> None:
        assert self.transport is not None
        if opcode == wire.CLOSE:
            self.close_code = wire.close_code(payload)
            self.transport.write(wire.frame(payload, wire.CLOSE))
        elif opcode == wire.PING:
            self.transport.write(wire.frame(payload, wire.PONG))
        else:
            said = json.loads(payload)
            if said["type"] == "connection_established" and not self.up.done():
                self.up.set_result(None)
            self._hear(said["type"], said.get("data", {}))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.up.done():
            self.up.set_exception(ConnectionError(self.refused or "closed before it was greeted"))
        if not self.gone.done():
            self.gone.set_result(self.close_code or GONE)
