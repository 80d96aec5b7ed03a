"""Say good-bye before the server does.

uvicorn closes every socket itself, and tells the application only afterwards; but it can be heard at the signal.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from . import protocol
from .manager import RETRY_AFTER_MS, WebSocketManager


def announce_end(manager: WebSocketManager) -> None:
    """Tell every client that knows the frame that the server closes, and when to come back."""
    for connection in manager.streams():
        if connection.protocol == 2:
            connection.push(protocol.server_closing(RETRY_AFTER_MS))


def announce_end_at_signals(manager: WebSocketManager) -> None:
    """Do so as soon as the process is asked to stop, then let the server's own handler go on as ever.

    To be called on the manager's loop, when the server's handlers stand: with the lifespan's start.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # only there may Python handle signals, and a server elsewhere has no part in them
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(number, _after(before, loop, manager))


def _after(
    before: Callable[[int, FrameType | None], Any], loop: asyncio.AbstractEventLoop, manager: WebSocketManager
) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        with suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(announce_end, manager)
        before(number, frame)

    return handle
