"""The WebSockets that the pages of a browser context have opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class Sockets:
    """Every socket, in the order in which they were opened, with the page that did."""

    def __init__(self, context: Any) -> None:
        self.opened: list[tuple[Any, Any]] = []
        self._gone: list[Any] = []
        context.on("page", self._watch)
        for page in context.pages:
            self._watch(page)

    def _watch(self, page: Any) -> None:
        page.on("websocket", lambda socket: self.opened.append((page, socket)))
        page.on("framenavigated", lambda frame: frame == page.main_frame and self._left(page))

    def _left(self, page: Any) -> None:
        """Playwright does not tell that a socket went with its document."""
        self._gone += [socket for opener, socket in self.opened if opener is page]

    @property
    def open(self) -> list[tuple[Any, Any]]:
        return [
            (page, socket)
            for page, socket in self.opened
            if not (page.is_closed() or socket.is_closed() or socket in self._gone)
        ]


def wait_until(page: Any, holds: Callable[[], Any], *, seconds: float = 10.0, what: str = "") -> float:
    """Wait, while Playwright tells its events, until ``holds()``; return how many seconds it took.

    For what no page can say about itself: sockets, other pages, rows of the database.
    """
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > seconds:
            raise AssertionError(f"not within {seconds} s: {what or holds}")
        page.wait_for_timeout(5)
    return time.monotonic() - start
