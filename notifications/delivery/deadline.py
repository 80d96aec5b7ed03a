"""One moment by which all of a request must be over, however many steps it takes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from threading import Event, Timer
from time import monotonic


class Deadline:
    """From now on. A socket's own timeout begins anew with each byte, and somebody may send one at a time.

    Args:
        seconds: for everything together.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """Seconds.

        Raises:
            TimeoutError: there are none.
        """
        left = self._ends - monotonic()
        if left <= 0:
            raise self._passed()
        return left

    @contextmanager
    def cuts(self, dialled: socket.socket) -> Iterator[None]:
        """Close the line when the time is over.

        Raises:
            TimeoutError: in place of whatever the cut line caused.
        """
        passed = Event()

        def cut() -> None:
            passed.set()
            with suppress(OSError):
                # Not TLS's own, which takes its state from under the thread that reads.
                socket.socket.shutdown(dialled, socket.SHUT_RDWR)

        timer = Timer(self.left(), cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, HTTPException) as error:
            if passed.is_set() or isinstance(error, TimeoutError):
                raise self._passed() from error
            raise
        finally:
            timer.cancel()

    def _passed(self) -> TimeoutError:
        return TimeoutError(f"the answer was not there within {self.seconds:g} s")
