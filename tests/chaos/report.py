"""Collects what the worlds say, and says each result as it comes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import IO, Any

from tests.processes import scratch_folder, tail

from .spec import ROWS, Place, Result


@dataclass(frozen=True)
class Line:
    place: Place
    result: Result

    @property
    def fine(self) -> bool:
        """The product meets its claim; and the tutorial does not, or the row could not fail."""
        return not self.result.crashed and self.result.met == (self.place.system == "product")

    def as_dict(self) -> dict[str, Any]:
        place = self.place
        where = {"system": place.system, "server": place.server, "layer": place.layer, "database": place.database}
        return {**where, **vars(self.result), "fine": self.fine}


@dataclass
class Report:
    lines: list[Line] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._folder = scratch_folder()

    def log(self, place: Place) -> IO[bytes]:
        """Where what the world prints, but for its results, goes."""
        return (self._folder / f"{place.name}.log").open("ab")

    def take(self, place: Place, said: dict[str, Any]) -> None:
        if "tracebacks" in said:
            if place.system == "product" and said["tracebacks"]:
                self._trouble(f"{place.name}: {said['tracebacks']} tracebacks in the server's log")
                print(said["excerpt"], flush=True)
            return
        line = Line(place, Result(**said))
        self.lines.append(line)
        mark = "ok  " if line.fine else "FAIL"
        took = f"{line.result.seconds:.0f} s"
        print(f"{mark} {place.name:36} {line.result.row:24} {took:>5}  {line.result.seen}", flush=True)
        if not line.fine and line.result.details:
            print(f"     {line.result.details}", flush=True)

    def ended(self, place: Place, code: int) -> None:
        missing = set(place.rows) - {line.result.row for line in self.lines if line.place == place}
        if code or missing:
            self._trouble(f"{place.name} ended with {code}; not run: {', '.join(sorted(missing)) or 'nothing'}")
            print(tail(self._folder / f"{place.name}.log"), flush=True)

    def take_back_doubtful(self) -> list[tuple[Place, str]]:
        """What was late, or not run to its end, with nothing lost or wrong: a busy machine may have done that."""
        doubtful = [line for line in self.lines if not line.fine and not line.result.hard]
        self.lines = [line for line in self.lines if line not in doubtful]
        for line in doubtful:
            print(f"Again, alone: {line.result.row} on {line.place.name}, which showed: {line.result.seen}", flush=True)
        return [(line.place, line.result.row) for line in doubtful]

    def _trouble(self, text: str) -> None:
        self.troubles.append(text)
        print(f"FAIL {text}", flush=True)

    @property
    def failures(self) -> int:
        return len(self.troubles) + sum(not line.fine for line in self.lines)

    def of(self, row: str, system: str) -> list[Line]:
        """The results of this row, in the order of their places' names, PostgreSQL under uvicorn first."""
        lines = [line for line in self.lines if line.result.row == row and line.place.system == system]
        return sorted(lines, key=lambda line: (line.place.server, line.place.layer, line.place.database), reverse=True)

    def as_json(self) -> str:
        results = [{"fault": ROWS[line.result.row].fault, **line.as_dict()} for line in self.lines]
        return json.dumps({"results": results, "troubles": self.troubles}, indent=1)
