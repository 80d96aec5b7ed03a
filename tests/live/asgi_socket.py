"""The server's side of a socket, as ASGI has it: a ``send`` that a test can block, break and look behind."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from notifications.auth.identity import Identity
from notifications.live.connection import Connection


class AsgiSocket:
    """``sent`` are the messages that went through. While it is stuck, ``send`` waits as uvicorn's does."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.aborted = False
        self.error: Exception | None = None
        self.transport = self  # what `transports.abort` looks for behind a bound method, as in uvicorn
        self._writable = asyncio.Event()
        self._writable.set()

    async def send(self, message: dict[str, Any]) -> None:
        await self._writable.wait()
        if self.error is not None:
            raise self.error
        self.sent.append(message)

    def stick(self) -> None:
        self._writable.clear()

    def free(self) -> None:
        self._writable.set()

    def abort(self) -> None:
        self.aborted = True
        self.error = ConnectionResetError()
        self.free()

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts]

    @property
    def closed_with(self) -> list[int]:
        return [message["code"] for message in self.sent if message["type"] == "websocket.close"]


def connection(socket: AsgiSocket, user_id: Any = 1, *, protocol: int = 2, sent: int | None = None) -> Connection:
    """A connection on this socket; with ``sent`` it stands there in the stream."""
    made = Connection(socket.send, identity=Identity(user_id=user_id, via="service"), protocol=protocol)
    made.sent, made.epoch = sent, "e"
    return made
