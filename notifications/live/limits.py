"""How much one client may say. Time is passed in, so tests need no clock."""

from __future__ import annotations

from collections import deque

JUNK_FRAMES = 3
JUNK_SECONDS = 60.0


class FrameRate:
    """A token bucket: ``per_second`` on average, ``burst`` at once."""

    __slots__ = ("_burst", "_per_second", "_tokens", "_updated")

    def __init__(self, per_second: float, burst: int, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._updated = now

    def allow(self, now: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._per_second)
        self._updated = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class JunkCount:
    """Counts junk frames within the last minute."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=JUNK_FRAMES)

    def is_last_straw(self, now: float) -> bool:
        """Note one more, and say whether it is the third within a minute."""
        self._times.append(now)
        return len(self._times) == JUNK_FRAMES and now - self._times[0] < JUNK_SECONDS
