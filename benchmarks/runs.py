"""Run after run, step after step: what each gave, what it took, and what failed."""

from __future__ import annotations

import statistics
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from benchmarks.figures import Figure, Results
from benchmarks.steadiness import Steadiness

Source = tuple[str, str]  # the work, and the system that did it
Step = tuple[str, Callable[[Results], None]]

MOST_TAKES = 3  # of one step, while the machine is slow


class Suite(Protocol):
    def steps(self) -> Sequence[Step]:
        """What one run of it consists of."""


class Runs:
    """What every run gave, kept apart: a ratio is taken within one run, for machines change while one measures."""

    def __init__(self, count: int) -> None:
        self.each = [Results() for _ in range(count)]

    def figures(self) -> list[Figure]:
        """The values of all runs together, in the order in which they were first measured."""
        together = Results()
        for results in self.each:
            together.add_all(results)
        return list(together)

    def median(self, source: Source) -> float | None:
        values = [value for results in self.each if (figure := results.figures.get(source)) for value in figure.values]
        return statistics.median(values) if values else None

    def unit(self, source: Source) -> str:
        return next((results.figures[source].unit for results in self.each if source in results.figures), "")

    def ratio(self, above: Source, below: Source) -> float | None:
        """``above ÷ below``: the median over the runs that have both, each by its own medians.

        A run may have measured one of them more often than the other.
        """
        pairs = [(results.median(*above), results.median(*below)) for results in self.each]
        ratios = [one / other for one, other in pairs if one is not None and other]
        return statistics.median(ratios) if ratios else None


class Runner:
    """Takes the steps of suites. One that fails leaves the others, and what they have measured, as they are.

    Args:
        steadiness: without it, a step counts however slow the machine was.
    """

    def __init__(
        self,
        runs: int,
        wanted: Callable[[str], bool] = lambda step: True,
        steadiness: Steadiness | None = None,
    ) -> None:
        self.runs, self.failures = Runs(runs), list[str]()
        self._wanted, self._steadiness = wanted, steadiness

    def measure(self, name: str, suite: AbstractContextManager[Suite]) -> None:
        """Prepare a suite and take its wanted steps, all of them in each run."""
        prepared: list[Suite] = []
        with ExitStack() as stack:
            if not self._try(f"{name}: prepare", lambda: prepared.append(stack.enter_context(suite))):
                return
            named = [(f"{name}: {step}", do) for step, do in prepared[0].steps()]
            steps = [(step, do) for step, do in named if self._wanted(step)]
            for number, results in enumerate(self.runs.each, 1):
                for step, do in steps:
                    self._take(f"{step}, run {number} of {len(self.runs.each)}", do, results)

    def _take(self, step: str, do: Callable[[Results], None], results: Results) -> None:
        """A step around which the machine was slow is taken again, whatever the system; the last take counts."""
        steady = self._steadiness
        for number in range(MOST_TAKES):
            taken = Results()
            before = steady.look() if steady else 0.0
            if not self._try(step, lambda: do(taken)):  # noqa: B023  called at once
                break
            if not steady or not steady.was_slow(before, steady.look()):
                break
            if number < MOST_TAKES - 1:
                steady.taken_again += 1
            else:
                steady.slow_in_the_end += 1
        results.add_all(taken)

    def _try(self, step: str, do: Callable[[], None]) -> bool:
        """One line: what is done, and then how long it took."""
        began = time.monotonic()
        print(f"{step} … ", end="", file=sys.stderr, flush=True)
        try:
            do()
        except (Exception, SystemExit) as error:  # a missing compiler or server ends in SystemExit, with the cure
            print("FAILED", file=sys.stderr, flush=True)
            if isinstance(error, Exception):
                traceback.print_exc()
            self.failures.append(f"{step}: {str(error) or type(error).__name__}")
            return False
        print(f"{time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
        return True
