"""``python -m benchmarks.capacity --users 1000000 [--simulate] [--json]``: no dependency but Python."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from math import inf
from pathlib import Path
from typing import Any

from . import report
from .agreement import Known, known_from
from .constants import Constants, constants_from, sources
from .limits import cells, in_order
from .model import Model
from .simulation import MOST_PEOPLE, Outcome, Scenario, simulate
from .workload import SIZES, Machines, Workload


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--users", type=float, nargs="+", default=SIZES, help="default: 10,000, 1 and 100 million")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of workload or machines")
    parser.add_argument(
        "--results", type=Path, help="the JSON file of `make bench`; default: those in the documentation"
    )
    parser.add_argument("--simulate", action="store_true", help="a peak minute, too")
    parser.add_argument("--crash", type=float, default=0.0, metavar="SHARE", help="of processes; default: one of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--agreement", action="store_true", help="the simulation beside what was measured")
    parser.add_argument("--constants", action="store_true", help="what the model rests on")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _settings(given: list[str]) -> tuple[dict[str, Any], Machines]:
    workload: dict[str, Any] = {}
    machines: dict[str, Any] = {}
    for setting in given:
        name, _, value = setting.partition("=")
        if name in Workload.__dataclass_fields__:
            workload[name] = float(value)
        elif name in Machines.__dataclass_fields__:
            machines[name] = type(getattr(Machines(), name))(float(value))
        else:
            known = ", ".join([*Workload.__dataclass_fields__, *Machines.__dataclass_fields__])
            raise SystemExit(f"There is no {name!r} to set. There are: {known}.")
    return workload, Machines(**machines)


def _measured(results: Path | None) -> tuple[Constants, tuple[Known, ...]]:
    """The rows that constants are taken from, and those that the simulation is held against."""
    found = json.loads(results.read_text()) if results else []
    figures = found["figures"] if isinstance(found, dict) else found
    return constants_from(figures), known_from(figures)


def _simulated(constants: Constants, workload: Workload, machines: Machines, scenario: Scenario) -> tuple[int, Outcome]:
    """Of a site that is too large for one Redis and PostgreSQL, one of its cells."""
    parts = cells(workload, constants, machines) if workload.users > MOST_PEOPLE else 1
    part = replace(workload, users=workload.users / parts)
    return parts, simulate(constants, part, machines, scenario)


def main() -> None:
    options = _options()
    habits, machines = _settings(options.set)
    constants, known = _measured(options.results)
    answer: dict[str, Any] = {"constants": {name: value for name, value, *_ in sources(constants)}, "sizes": []}
    lines = [*report.constants_table(constants), ""] if options.constants else []
    for users in options.users:
        workload = Workload(**{**habits, "users": users})
        found, parts = Model(constants, workload, machines).needs, cells(workload, constants, machines)
        size: dict[str, Any] = {"workload": asdict(workload), "needs": found.as_json(), "cells": parts}
        lines += report.needs(workload, found)
        if options.simulate:
            scenario = Scenario(seed=options.seed, crashed_share=options.crash)
            simulated_parts, outcome = _simulated(constants, workload, machines, scenario)
            size["simulated"] = outcome.as_json() | {"cells": simulated_parts}
            where = f" in one of {simulated_parts} cells" if simulated_parts > 1 else ""
            lines += [f"A peak minute{where}: everybody is told at 10 s, processes die at 20 s"]
            lines += report.outcome(outcome)
        lines += [""]
        answer["sizes"].append(size)
    reached = in_order(workload, constants, machines)
    answer["limits"] = [{"name": r.limit.name, "users": r.users if r.users < inf else None} for r in reached]
    lines += report.limits(reached, parts)
    if options.agreement:
        lines += ["", *report.agreement(constants, known)]
    sys.stdout.write(json.dumps(answer, indent=2) + "\n" if options.json else "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
