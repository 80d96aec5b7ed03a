"""The few things that ASGI cannot say, for the servers that can do them. Unknown servers are left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]
Write = Callable[[str], bool]

# A frame that fits into one packet is not worth the compression that uvicorn agrees upon with browsers: zlib takes more
# time than all the rest of a delivery, and memory for every socket. Sending without it is every endpoint's right
# (RFC 7692, section 6).
NOT_COMPRESSED_BYTES = 1_400


def text_frame(payload: bytes) -> bytes:
    """A whole text frame from a server (RFC 6455, section 5.2): final, opcode 1, not masked."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class DaphneSend:
    """daphne's ``send``, waiting while the client does not read, and closing with any code and reason, as uvicorn's.

    daphne itself never waits: what a stuck client is sent piles up in the process without bound. Twisted tells
    whoever registered as the transport's producer when its buffer is full. And daphne drops reasons, and fails
    at codes that are not the application's own, such as 1008: the client would hear 1011 and try again.
    """

    def __init__(self, send: Send, protocol: Any) -> None:
        self._send = send
        self._protocol = protocol
        self._transport = transport = protocol.transport
        self._writable = asyncio.Event()
        self._writable.set()
        self._gate: Any = getattr(transport, "wrappedProtocol", None) or getattr(transport, "protocol", None)
        # The HTTP channel that the socket was upgraded from is still registered.
        transport.unregisterProducer()
        transport.registerProducer(self, True)
        # With TLS, or a compression that was agreed upon, daphne's own way is the only one.
        plain = hasattr(transport, "writeSomeData") and hasattr(transport, "_tempDataLen")
        self._direct = plain and not getattr(transport, "TLS", False) and protocol._perMessageCompress is None

    def write(self, text: str) -> bool:
        """Hand a text frame to the operating system at once; False where that cannot be, and nothing was done.

        Twisted would keep it, have the selector watch the socket for writing, and write on the loop's next turn: that
        and autobahn's words about it are two thirds of what a frame costs.
        """
        transport, protocol = self._transport, self._protocol
        if not self._direct or transport._tempDataLen or transport.dataBuffer or protocol.send_queue:
            return False
        if protocol.state != protocol.STATE_OPEN or not transport.connected:
            return False
        frame = text_frame(text.encode())
        written = transport.writeSomeData(frame)
        if written != len(frame):
            # The rest, or after an error everything, again: Twisted knows how to end a broken connection.
            transport.write(frame[written:] if isinstance(written, int) and written > 0 else frame)
        return True

    async def __call__(self, message: dict[str, Any]) -> None:
        if not self._writable.is_set():
            await self._writable.wait()
        if message["type"] == "websocket.close":
            # What daphne itself uses for its 1011; it does nothing where the socket is closing already.
            self._protocol.sendCloseFrame(code=message["code"], reasonUtf8=message["reason"].encode())
        else:
            await self._send(message)

    def abort(self) -> None:
        self._writable.set()
        self._transport.abortConnection()

    # Twisted's IPushProducer.
    def pauseProducing(self) -> None:
        self._writable.clear()
        self._let_in(False)

    def resumeProducing(self) -> None:
        self._writable.set()
        self._let_in(True)

    def stopProducing(self) -> None:
        self._writable.set()

    def _let_in(self, writable: bool) -> None:
        # An :class:`~notifications.live.inbound.Gate`: daphne answers pings, whether or not the answers are read.
        if hasattr(self._gate, "writable"):
            self._gate.writable = writable


def adapted(send: Send) -> Send:
    """The ``send`` of an accepted socket such that it waits while the client does not read, whatever the server."""
    protocol = next(iter(getattr(send, "args", ())), None)  # daphne: a partial of handle_reply(protocol, …)
    transport = getattr(protocol, "transport", None)
    if hasattr(protocol, "sendCloseFrame") and hasattr(transport, "abortConnection"):
        return DaphneSend(send, protocol)
    return send


class UvicornWrite:
    """Writes frames to the transport of uvicorn's default protocol; what it does for each is a third of a delivery."""

    __slots__ = ("_conn", "_open", "_protocol", "_transport")

    def __init__(self, protocol: Any) -> None:
        from websockets.protocol import State

        self._protocol, self._conn, self._transport = protocol, protocol.conn, protocol.transport
        self._open = State.OPEN

    def __call__(self, text: str) -> bool:
        """Write a text frame; False where that cannot be now, and nothing was done."""
        protocol, conn = self._protocol, self._conn
        if protocol.close_sent or protocol.disconnected or conn.state is not self._open:
            return False
        payload = text.encode()
        if not protocol.writable.is_set() or (conn.extensions and len(payload) > NOT_COMPRESSED_BYTES):
            return False
        self._transport.write(text_frame(payload))
        return True


def writer(send: Send) -> Write | None:
    """What writes a frame at once to the socket behind an adapted ``send``, where the server is known to allow it."""
    if isinstance(send, DaphneSend):
        return send.write
    protocol: Any = getattr(send, "__self__", None)
    if type(protocol).__name__ != "WebSocketsSansIOProtocol":
        return None
    parts = ("conn", "transport", "writable", "close_sent", "disconnected")
    known = all(hasattr(protocol, part) for part in parts) and hasattr(protocol.conn, "extensions")
    return UvicornWrite(protocol) if known else None


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
