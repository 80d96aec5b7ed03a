"""The few things that ASGI cannot say, for the servers that can do them. Unknown servers are left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]


class DaphneSend:
    """daphne's ``send``, waiting while the client does not read, as uvicorn's does.

    daphne itself never waits: what a stuck client is sent piles up in the process without bound. Twisted tells
    whoever registered as the transport's producer when its buffer is full.
    """

    def __init__(self, send: Send, transport: Any) -> None:
        self._send = send
        self._transport = transport
        self._writable = asyncio.Event()
        self._writable.set()
        # The HTTP channel that the socket was upgraded from is still registered.
        transport.unregisterProducer()
        transport.registerProducer(self, True)

    async def __call__(self, message: dict[str, Any]) -> None:
        if not self._writable.is_set():
            await self._writable.wait()
        await self._send(message)

    def abort(self) -> None:
        self._writable.set()
        self._transport.abortConnection()

    # Twisted's IPushProducer.
    def pauseProducing(self) -> None:
        self._writable.clear()

    def resumeProducing(self) -> None:
        self._writable.set()

    def stopProducing(self) -> None:
        self._writable.set()


def with_backpressure(send: Send) -> Send:
    """Return a ``send`` that waits while the client does not read; the same one where it does so already."""
    protocol = next(iter(getattr(send, "args", ())), None)  # daphne: a partial of handle_reply(protocol, …)
    transport = getattr(protocol, "transport", None)
    if hasattr(transport, "registerProducer") and hasattr(transport, "abortConnection"):
        return DaphneSend(send, transport)
    return send


def abort(send: Send) -> None:
    """Drop the TCP connection behind an ASGI ``send``.

    A reader that is stuck never lets a close frame through: ``send`` waits for room even for that.
    """
    if isinstance(send, DaphneSend):
        send.abort()
        return
    protocol = getattr(send, "__self__", None)  # uvicorn: a bound method of its protocol
    transport: Any = getattr(protocol, "transport", None)
    if hasattr(transport, "abort"):
        transport.abort()
