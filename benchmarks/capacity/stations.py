"""Discrete events: a clock, and stations where work waits its turn."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from itertools import accumulate

Then = Callable[[], None]


class Clock:
    """Runs what is due, in order of time; equal times in the order they were asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Then]] = []
        self._count = 0

    def at(self, time: float, then: Then) -> None:
        self._count += 1
        heapq.heappush(self._due, (time, self._count, then))

    def after(self, seconds: float, then: Then) -> None:
        self.at(self.now + seconds, then)

    def run(self) -> None:
        """Until nothing is left to do."""
        while self._due:
            self.now, _, then = heapq.heappop(self._due)
            then()


class Station:
    """``servers`` that work side by side on what has come first.

    ``work()`` may name one of two lines; while both have somebody waiting, they are served in turn, as an event loop
    does it with the task that delivers and with handshakes.
    """

    def __init__(self, clock: Clock, servers: int = 1, *, slowed: float = 1.0) -> None:
        self.clock, self.servers = clock, servers
        self.slowed = slowed  # by work that is not simulated
        self.busy_seconds = 0.0
        self.waiting_seconds = 0.0  # of work in the lines
        self.most_waiting_seconds = 0.0
        self.most_waiting_at = 0.0
        self.is_gone_at = 0.0  # when a line longer than LONG was last worked off
        self._long = False
        self._busy = 0
        self._lines: tuple[deque[tuple[float, Then]], ...] = (deque(), deque())
        self._turn = 0

    LONG_SECONDS = 0.1

    def work(self, seconds: float, then: Then, *, line: int = 0) -> None:
        seconds *= self.slowed
        if self._busy < self.servers:
            self._begin(seconds, then)
            return
        self._lines[line].append((seconds, then))
        self.waiting_seconds += seconds
        backlog = self.waiting_seconds / self.servers
        if backlog > self.most_waiting_seconds:
            self.most_waiting_seconds, self.most_waiting_at = backlog, self.clock.now
        self._long = self._long or backlog > self.LONG_SECONDS

    def _begin(self, seconds: float, then: Then) -> None:
        self._busy += 1
        self.busy_seconds += seconds
        self.clock.after(seconds, lambda: self._end(then))

    def _end(self, then: Then) -> None:
        self._busy -= 1
        self._turn = 1 - self._turn
        line = self._lines[self._turn] or self._lines[1 - self._turn]
        if line:
            seconds, following = line.popleft()
            self.waiting_seconds -= seconds
            self._begin(seconds, following)
        elif self._long:
            self._long, self.is_gone_at = False, self.clock.now
        then()

    def use(self, seconds: float) -> float:
        """Share of its servers' time, of a run of so many seconds."""
        return self.busy_seconds / self.servers / seconds


class Latencies:
    """Seconds, some of which stand for many deliveries."""

    def __init__(self) -> None:
        self._values: list[tuple[float, float]] = []

    def add(self, seconds: float, weight: float = 1.0) -> None:
        self._values.append((seconds, weight))

    def __len__(self) -> int:
        return len(self._values)

    def mean(self) -> float:
        return sum(value * weight for value, weight in self._values) / sum(weight for _, weight in self._values)

    def percentile(self, share: float) -> float:
        """0 if there are none."""
        if not self._values:
            return 0.0
        ordered = sorted(self._values)
        sums = list(accumulate(weight for _, weight in ordered))
        return ordered[min(bisect_left(sums, share * sums[-1]), len(ordered) - 1)][0]
