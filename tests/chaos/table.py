"""What was seen, as one table."""

from __future__ import annotations

import json
from dataclasses import dataclass
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


class Report:
    """Collects the results and says each as it comes."""

    def __init__(self, settings_module: dict[str, str]) -> None:
        self.settings_module = settings_module
        self._lines: list[Line] = []
        self._troubles: list[str] = []
        self._told: dict[str, set[str]] = {}
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
        self._lines.append(line)
        self._told.setdefault(place.name, set()).add(line.result.row)
        mark = "ok  " if line.fine else "FAIL"
        took = f"{line.result.seconds:.0f} s"
        print(f"{mark} {place.name:32} {line.result.row:24} {took:>5}  {line.result.seen}", flush=True)
        if not line.fine and line.result.details:
            print(f"     {line.result.details}", flush=True)

    def ended(self, place: Place, code: int) -> None:
        missing = set(place.rows) - self._told.get(place.name, set())
        if code or missing:
            self._trouble(f"{place.name} ended with {code}; not run: {', '.join(sorted(missing)) or 'nothing'}")
            print(tail(self._folder / f"{place.name}.log"), flush=True)

    def _trouble(self, text: str) -> None:
        self._troubles.append(text)
        print(f"FAIL {text}", flush=True)

    def failures(self) -> int:
        return len(self._troubles) + sum(not line.fine for line in self._lines)

    def table(self) -> str:
        """In Markdown: a line for each row and place of the product, with what the tutorial showed beside it."""
        lines = [
            "",
            "| fault | must show | where | what was done | seen | the tutorial app |",
            "|---|---|---|---|---|---|",
        ]
        for name, row in ROWS.items():
            for line in self._of(name, "product"):
                where = f"{line.place.server} · {line.place.layer} · {line.place.database}"
                seen = f"{'' if line.fine else '**NOT MET** '}{line.result.seen}"
                beside = self._tutorial(name, line.place.server)
                lines.append(f"| {row.fault} | {row.claim} | {where} | {line.result.work} | {seen} | {beside} |")
        lines += ["", *self._troubles]
        failures = self.failures()
        lines.append(f"{len(self._lines)} results, " + (f"{failures} NOT AS CLAIMED" if failures else "all as claimed"))
        return "\n".join(lines)

    def _of(self, name: str, system: str) -> list[Line]:
        lines = [line for line in self._lines if line.result.row == name and line.place.system == system]
        return sorted(lines, key=lambda line: line.place.name, reverse=True)

    def _tutorial(self, name: str, server: str) -> str:
        for line in self._of(name, "tutorial"):
            if line.place.server == server:
                return line.result.seen + ("" if line.fine else " **DID NOT FAIL**")
        return ""

    def as_json(self) -> str:
        results = [
            {
                "fault": ROWS[line.result.row].fault,
                "system": line.place.system,
                "server": line.place.server,
                "layer": line.place.layer,
                "database": line.place.database,
                **vars(line.result),
            }
            for line in self._lines
        ]
        return json.dumps({"results": results, "troubles": self._troubles}, indent=1)
