"""Where a channel sends to many places: those that fail are left alone for a while, and no others are."""

from __future__ import annotations

from time import time

from ..conf import conf
from .errors import TemporaryError
from .hosts import Origin

MOST_ORIGINS = 1_000  # a person may name any number of them


class Origins:
    """What one worker's thread has met. It forgets with the process; then it meets it again."""

    def __init__(self) -> None:
        self._failures: dict[Origin, tuple[int, float]] = {}  # in a row, and until when it rests

    def let_through(self, origin: Origin) -> None:
        """Return if it may be asked.

        Raises:
            TemporaryError: it failed several times in a row, a moment ago.
        """
        left = self._failures.get(origin, (0, 0.0))[1] - time()
        if 0 < left <= conf.CIRCUIT_SECONDS:  # more, and the clock was set back
            text = f"{origin.host} failed several times in a row, and is left alone for a while."
            raise TemporaryError(text, retry_after=left, provider=False)

    def failed(self, origin: Origin) -> None:
        count = self._failures.pop(origin, (0, 0.0))[0] + 1
        rests = count >= conf.CIRCUIT_FAILURES
        self._failures[origin] = count, time() + float(conf.CIRCUIT_SECONDS) if rests else 0.0
        if len(self._failures) > MOST_ORIGINS:
            del self._failures[next(iter(self._failures))]

    def answered(self, origin: Origin) -> None:
        self._failures.pop(origin, None)
