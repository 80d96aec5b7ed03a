"""What was measured, and what it is held against."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Results:
    """Every figure of every run, by the work done and the system that did it."""

    figures: dict[tuple[str, str], Figure] = field(default_factory=dict)

    def add(self, work: str, system: str, value: float, unit: str) -> None:
        """Note what one run gave. Runs of systems that are to be compared are added in turn."""
        figure = self.figures.setdefault((work, system), Figure(work, system, unit))
        figure.values.append(value)

    def median(self, work: str, system: str) -> float | None:
        figure = self.figures.get((work, system))
        return figure.median if figure else None

    def ratio(self, work: str, system: str, beside: str) -> float | None:
        """How many times ``beside`` is ``system``, as the median over the runs: machines change while one measures."""
        one, other = self.figures.get((work, system)), self.figures.get((work, beside))
        if one is None or other is None:
            return None
        return statistics.median(b / a for a, b in zip(one.values, other.values, strict=False))

    def __iter__(self) -> Iterator[Figure]:
        return iter(self.figures.values())


@dataclass
class Figure:
    """One kind of measurement; ``values`` holds one number for each run."""

    work: str
    system: str
    unit: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def as_json(self) -> dict[str, Any]:
        return {
            "work": self.work,
            "system": self.system,
            "unit": self.unit,
            "median": self.median,
            "values": self.values,
        }


@dataclass(frozen=True)
class Claim:
    """A figure that must hold, and the one that is aimed at."""

    name: str
    value: Callable[[Results], float | None]
    floor: float
    aim: float
    unit: str
    at_least: bool = False  # the more, the better

    def holds(self, value: float) -> bool:
        return value >= self.floor if self.at_least else value <= self.floor

    def reaches_aim(self, value: float) -> bool:
        return value >= self.aim if self.at_least else value <= self.aim
