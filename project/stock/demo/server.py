"""daphne inside ``manage.py demo``: one process, and the links are printed when it really listens."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from twisted.internet import reactor

from notifications import get_websocket_manager

GOODBYE_SECONDS = 3.0


class PortInUse(OSError):
    """Somebody else listens there already."""


class _Server(Server):  # type: ignore[misc]
    """daphne's own, but it says good-bye: by itself it drops its sockets without a close frame."""

    failure: str | None = None
    _goodbye: asyncio.Task[None] | None = None

    def listen_error(self, failure: Any) -> None:
        self.failure = failure.getErrorMessage()
        self.stop()

    def handle_signals(self) -> bool:
        """Twisted's handlers end the process by the signal, which a shell reports as a failure."""
        loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) != signal.SIG_IGN:  # a shell ignores Ctrl-C for what runs behind it
                    loop.add_signal_handler(number, self._begin_to_stop, loop)
        except NotImplementedError:  # Windows
            return False
        return True

    def _begin_to_stop(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._goodbye is None:
            self._goodbye = loop.create_task(self._say_goodbye())
        else:  # asked twice: at once
            self.stop()

    async def _say_goodbye(self) -> None:
        """Open pages are told that the server restarts, and come back when it does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await get_websocket_manager().cleanup()
                while self.connections:  # noqa: ASYNC110 - daphne tells nobody when the close frames have left
                    await asyncio.sleep(0.02)
        self.stop()


def check_port(host: str, port: int) -> None:
    """Fail before anything is migrated or seeded.

    Raises:
        PortInUse: with a sentence that names a way out.
        OSError: the host is not one of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(f"Port {port} on {host} is in use. Choose another: make demo PORT={port + 1}") from None
            raise


def serve(application: Any, *, host: str, port: int, when_ready: Callable[[], None]) -> None:
    """Return when Ctrl-C or SIGTERM ends it.

    Raises:
        OSError: it could not listen.
    """
    server = _Server(
        application=application,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        ready_callable=when_ready,
        server_name="demo",
    )
    server.signal_handlers = not server.handle_signals()
    server.run()
    if server.failure:
        raise OSError(f"Cannot listen on {host}:{port}: {server.failure}")
