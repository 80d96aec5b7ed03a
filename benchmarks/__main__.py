"""``make bench``: the product beside the tutorial app and the limit; one table. Fails where a floor is missed.

Figures go to standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import machine, plot, table
from benchmarks.children import CORES, OTHER_CORES
from benchmarks.claims import Claim, claims
from benchmarks.runs import Runner, Suite
from benchmarks.services import services
from benchmarks.serving.suite import QUICK, Serving, Sizes
from benchmarks.steadiness import Steadiness
from benchmarks.storage.suite import Storage

RUNS, QUICK_RUNS = 5, 1
Prepared = Callable[[], AbstractContextManager[Suite]]


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition(";")[0])
    parser.add_argument("--quick", action="store_true", help="a look in a minute: smaller sizes, floors not claimed")
    parser.add_argument("--runs", type=int, help=f"medians of so many (default: {RUNS}, with --quick {QUICK_RUNS})")
    parser.add_argument("--only", default="", metavar="TEXT", help="steps whose name holds this, such as daphne")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the cost of a delivery there, as SVG")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables as a page of the documentation")
    parser.add_argument("--list", action="store_true", help="name the steps, and end")
    options = parser.parse_args(given)
    options.runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
    return options


class Bench:
    """What the options ask for, measured."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.sizes = QUICK if options.quick else Sizes()
        self.steadiness = Steadiness()
        # A look takes a minute, and claims nothing.
        self.runner = Runner(options.runs, self._wanted, None if options.quick else self.steadiness)
        self.servers: dict[str, str] = {}
        self.left_out: list[str] = []

    def _wanted(self, step: str) -> bool:
        return self.options.only.lower() in step.lower()

    def _storage(self, postgres: str, redis: str) -> Storage:
        return Storage(postgres, redis, quick=self.options.quick, wanted=lambda step: self._wanted(f"storage: {step}"))

    def suites(self) -> dict[str, tuple[Suite, Prepared]]:
        """Each as it is before anything is started, when it can name its steps, and what prepares it."""
        return {
            "serving": (Serving("", "", self.sizes), self._on_a_core_of_its_own),
            "storage": (self._storage("", ""), self._on_all_cores),
        }

    def steps(self) -> dict[str, list[str]]:
        """Those that are wanted, by suite."""
        names = {name: [f"{name}: {step}" for step, _ in suite.steps()] for name, (suite, _) in self.suites().items()}
        return {name: wanted for name, steps in names.items() if (wanted := list(filter(self._wanted, steps)))}

    def claims(self) -> list[Claim]:
        storage = self._storage("", "")
        return claims(sockets=self.sizes.most, people=storage.people, rows=storage.rows)

    def measure(self) -> None:
        suites = self.suites()
        for name in self.steps():
            self.runner.measure(name, suites[name][1]())

    @contextmanager
    def _on_a_core_of_its_own(self) -> Iterator[Serving]:
        """Everything but the server runs on the other cores; children inherit that."""
        os.sched_setaffinity(0, OTHER_CORES)
        try:
            with services() as urls, Serving(*urls, self.sizes) as serving:
                self.servers = machine.servers(*urls)
                yield serving
        finally:
            os.sched_setaffinity(0, CORES)

    @contextmanager
    def _on_all_cores(self) -> Iterator[Storage]:
        with services() as urls, self._storage(*urls) as storage:
            self.servers = machine.servers(*urls)
            yield storage
            self.left_out += storage.left_out


def report(bench: Bench, found: Sequence[Claim]) -> str:
    runs, quick = bench.runner.runs, bench.options.quick
    if bench.options.only:
        found = [claim for claim in found if claim.value(runs) is not None]
    return "\n\n".join(
        [
            table.claims_table(found, runs, claimed=not quick),
            table.figures_table(runs.figures()),
            *filter(None, [bench.steadiness.sentence()]),
            *(f"Left out: {reason}" for reason in bench.left_out),
            *(f"FAILED: {failure}" for failure in bench.runner.failures),
        ]
    )


def as_json(bench: Bench, found: Sequence[Claim], about: dict[str, object]) -> dict[str, Any]:
    runs = bench.runner.runs
    return {
        "machine": about,
        "runs": len(runs.each),
        "quick": bench.options.quick,
        "figures": [figure.as_json() for figure in runs.figures()],
        "claims": [claim.as_json(runs) for claim in found],
        "left_out": bench.left_out,
        "failures": bench.runner.failures,
    }


def page(tables: str, about: dict[str, object], options: argparse.Namespace, *, drawn: bool) -> str:
    """For the documentation."""
    head = f"# What a run of `make bench` showed\n\n{machine.sentence(about)} Medians of {options.runs}."
    picture = []
    if drawn:
        file = os.path.relpath(options.plot, options.page.parent)
        picture = [f"![What a delivery costs the server as sockets grow more]({file})"]
    return "\n\n".join([head, *picture, tables]) + "\n"


def write(file: Path | None, text: Callable[[], str]) -> None:
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text())


def failed(bench: Bench, found: Sequence[Claim]) -> bool:
    """Whether a step failed or a floor is missed. A figure that is not there meets none, unless nobody asked for it."""
    runs, options = bench.runner.runs, bench.options
    held = [claim.holds(runs) for claim in found if claim.floor is not None]
    if options.only:
        held = [holds for holds in held if holds is not None]
    return bool(bench.runner.failures) or not (options.quick or all(held))


def main(given: Sequence[str] | None = None, make: Callable[[argparse.Namespace], Bench] = Bench) -> int:
    options = arguments(given)
    bench = make(options)
    if options.list or not bench.steps():
        names = [step for steps in bench.steps().values() for step in steps]
        print("\n".join(names) or f"No step's name holds {options.only!r}; --list names all.")
        return not names
    try:
        bench.measure()
    except KeyboardInterrupt:
        bench.runner.failures.append("interrupted")
    found, about = bench.claims(), machine.circumstances(bench.servers)
    write(options.json, lambda: json.dumps(as_json(bench, found, about), indent=2) + "\n")
    no_plot = plot.draw(bench.runner.runs.figures(), options.plot) if options.plot else ""
    tables = report(bench, found)
    write(options.page, lambda: page(tables, about, options, drawn=bool(options.plot and not no_plot)))
    print(f"{textwrap.fill(machine.sentence(about), 110)}\n\n{tables}")
    if no_plot:
        print(f"\n{no_plot}")
    return failed(bench, found)


if __name__ == "__main__":
    sys.exit(main())
