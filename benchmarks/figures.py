"""What was measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
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

    def add_all(self, others: Results) -> None:
        """Add every value of these, behind what is there."""
        for figure in others:
            for value in figure.values:
                self.add(figure.work, figure.system, value, figure.unit)

    def median(self, work: str, system: str) -> float | None:
        figure = self.figures.get((work, system))
        return figure.median if figure else None

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
