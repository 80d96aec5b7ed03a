"""How a worker is asked to stop."""

from __future__ import annotations

import time

_SLICE_SECONDS = 0.1


class Stop:
    """Asked for by a signal: whatever is being sent is finished, and nothing else is begun.

    Not a :class:`threading.Event`: its lock is not one that a signal handler may take.
    """

    def __init__(self) -> None:
        self._asked = False

    def set(self) -> None:
        self._asked = True

    def is_set(self) -> bool:
        return self._asked

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or a little after it is asked for."""
        while seconds > 0 and not self._asked:
            time.sleep(min(seconds, _SLICE_SECONDS))
            seconds -= _SLICE_SECONDS
