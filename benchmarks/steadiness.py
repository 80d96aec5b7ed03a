"""How fast the machine is at the moment: on shared cores, neighbours make it up to twice as slow for minutes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

LOOPS, ADDITIONS = 9, 400_000  # a fifth of a second together
SLOW = 1.3  # times what it took at best


def seconds_of_a_loop() -> float:
    """What a fixed piece of work takes now."""
    return statistics.median(_loop() for _ in range(LOOPS))


def _loop() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(ADDITIONS):
        total += number
    return time.perf_counter() - began


class Steadiness:
    """Tells whether the machine was slow around a step; what counts is the best that was seen so far.

    Args:
        measure: seconds that a fixed piece of work takes now.
    """

    def __init__(self, measure: Callable[[], float] = seconds_of_a_loop) -> None:
        self._measure = measure
        self._seen: list[float] = []
        self.taken_again = 0
        self.slow_in_the_end = 0

    def look(self) -> float:
        self._seen.append(self._measure())
        return self._seen[-1]

    def was_slow(self, before: float, after: float) -> bool:
        return max(before, after) > SLOW * min(self._seen)

    def sentence(self) -> str:
        """For whoever reads absolute figures."""
        if not self._seen:
            return ""
        spread = f"{min(self._seen) * 1e3:.0f} to {max(self._seen) * 1e3:.0f} ms"
        return (
            f"Around the steps, the same short loop took {spread}. {self.taken_again} steps were taken again since the "
            f"machine was slow; at {self.slow_in_the_end} it still was, and they count."
        )
