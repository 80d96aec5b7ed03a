"""How much of what a client sends the server looks at: a little at a time, and no faster than it is dealt with.

Servers parse whatever has come at once; that can be forty thousand frames, and half a second in which nobody else is
served. They answer the protocol's own pings without limit, also for a client that reads no answers, and daphne queues
messages without bound. None of it can be said in ASGI.
"""

from __future__ import annotations

import asyncio
import logging
from time import thread_time
from typing import Any

from .transports import Send

logger = logging.getLogger("notifications")

SLICE_BYTES = 4_096  # of the smallest frames there are, this many cost some milliseconds
SHARE = 0.1  # of the event loop's time is what parsing one client's bytes may take in the long run,
CREDIT_SECONDS = 0.05  # and this much at once
RETRY_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.5  # a parser that was held up by others must not be held against its client for longer
MOST_HELD_BYTES = 1_000_000  # should a server go on reading by itself


class Gate:
    """Stands between a transport and a server's own protocol. What may not pass yet is held, and nothing more read."""

    __slots__ = ("__weakref__", "_debt", "_held", "_loop", "_paid_at", "_protocol", "_transport", "writable")

    def __init__(self, protocol: Any) -> None:
        self._protocol, self._transport = protocol, protocol.transport
        self._loop = asyncio.get_running_loop()
        self._held: bytearray | None = None
        self._debt, self._paid_at = 0.0, self._loop.time()
        self.writable = True

    # -- what differs between servers --------------------------------------------------------------------------

    def _deliver(self, data: bytes) -> None:
        raise NotImplementedError

    def _unprocessed(self) -> int:
        """Messages that the application has not taken yet."""
        raise NotImplementedError

    def _is_closing(self) -> bool:
        raise NotImplementedError

    def _pause(self) -> None:
        raise NotImplementedError

    def _resume(self) -> None:
        raise NotImplementedError

    def _abort(self) -> None:
        raise NotImplementedError

    # -- what does not -----------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take what came from the network."""
        if self._held is None and len(data) <= SLICE_BYTES and not self._pause_seconds():
            self._pass_on(data)
            return
        self._pause()
        if self._held is None:
            self._held = bytearray(data)
            self._loop.call_soon(self._next)
            return
        self._held += data
        if len(self._held) > MOST_HELD_BYTES:
            self._abort()

    def _next(self) -> None:
        held = self._held
        if held is None or self._is_closing():
            self._held = None
            return
        if pause := self._pause_seconds():
            self._loop.call_later(pause, self._next)
            return
        some = bytes(held[:SLICE_BYTES])
        del held[:SLICE_BYTES]
        if held:
            self._loop.call_soon(self._next)
        else:
            self._held = None
            self._resume()
        self._pass_on(some)

    def _pause_seconds(self) -> float:
        """How long to wait before more may pass; 0 if it may now."""
        if not self.writable or self._unprocessed():
            return RETRY_SECONDS
        now = self._loop.time()
        self._debt = max(0.0, self._debt - (now - self._paid_at) * SHARE)
        self._paid_at = now
        return min(LONGEST_PAUSE_SECONDS, max(0.0, (self._debt - CREDIT_SECONDS) / SHARE))

    def _pass_on(self, data: bytes) -> None:
        began = thread_time()
        try:
            self._deliver(data)
        except Exception as error:
            # The event loop would print a traceback, as often as a client likes.
            logger.warning("the server could not parse a client's bytes", extra={"error": f"{type(error).__name__}"})
            self._abort()
        self._debt += thread_time() - began


class AsyncioGate(Gate, asyncio.Protocol):
    """uvicorn's."""

    __slots__ = ()

    data_received = Gate.receive

    def eof_received(self) -> Any:
        return self._protocol.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._held = None
        self._protocol.connection_lost(error)

    def pause_writing(self) -> None:
        self.writable = False
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self.writable = True
        self._protocol.resume_writing()

    def _deliver(self, data: bytes) -> None:
        self._protocol.data_received(data)
        if self._held:
            # It would resume reading as soon as the application takes the message. While we hold some, we do that.
            self._protocol.read_paused = False

    def _unprocessed(self) -> int:
        return self._protocol.queue.qsize()  # type: ignore[no-any-return]

    def _is_closing(self) -> bool:
        return self._transport.is_closing()  # type: ignore[no-any-return]

    def _pause(self) -> None:
        self._transport.pause_reading()

    def _resume(self) -> None:
        self._transport.resume_reading()

    def _abort(self) -> None:
        self._transport.abort()


class TwistedGate(Gate):
    """daphne's."""

    __slots__ = ()

    dataReceived = Gate.receive

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def connectionLost(self, reason: Any) -> None:
        self._held = None
        self._protocol.connectionLost(reason)

    def _deliver(self, data: bytes) -> None:
        self._protocol.dataReceived(data)

    def _unprocessed(self) -> int:
        return self._protocol.application_queue.qsize()  # type: ignore[no-any-return]

    def _is_closing(self) -> bool:
        return bool(self._transport.disconnecting or not self._transport.connected)

    def _pause(self) -> None:
        self._transport.pauseProducing()

    def _resume(self) -> None:
        self._transport.resumeProducing()

    def _abort(self) -> None:
        self._transport.abortConnection()


def guard(send: Send) -> None:
    """Put a gate in front of the socket behind an ASGI ``send``. Unknown servers are left alone; twice is once."""
    protocol = getattr(send, "__self__", None)  # uvicorn: a bound method of its protocol
    transport: Any = getattr(protocol, "transport", None)
    if hasattr(protocol, "read_paused") and hasattr(protocol, "queue") and hasattr(transport, "set_protocol"):
        if not isinstance(transport.get_protocol(), Gate):
            transport.set_protocol(AsyncioGate(protocol))
        return
    protocol = next(iter(getattr(send, "args", ())), None)  # daphne: a partial of handle_reply(protocol, …)
    transport = getattr(protocol, "transport", None)
    if hasattr(protocol, "application_queue") and hasattr(transport, "pauseProducing"):
        place = "wrappedProtocol" if hasattr(transport, "wrappedProtocol") else "protocol"  # TLS wraps
        if not isinstance(getattr(transport, place, None), Gate):
            setattr(transport, place, TwistedGate(protocol))
