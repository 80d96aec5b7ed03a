"""The table, in Markdown: each fault, the worst that the product showed anywhere, and the tutorial beside it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from .report import Line, Report
from .spec import ROWS, Row

SERVERS = ("uvicorn", "daphne")
HEAD = """\
| fault | must show | done | seen: the worst place of each server | places | the tutorial app |
|---|---|---|---|---|---|"""
KEY = """\
*0 lost* is short for: nothing lost, doubled or out of order, no gap seen by any client, no wrong count, no error for a
sender (where PostgreSQL itself was down, sends were refused, and said so). *Places* are combinations of a server
(uvicorn, daphne), a channel layer (Redis pub/sub, Redis core) and a database (PostgreSQL, SQLite, MariaDB)."""


def table(report: Report) -> str:
    rows = [_row(report, row) for row in ROWS.values() if report.of(row.name, "product")]
    tutorial = sum(line.place.system == "tutorial" for line in report.lines)
    total = f"{len(report.lines)} results ({tutorial} of the tutorial app)"
    judgement = f"{report.failures} NOT AS CLAIMED" if report.failures else "all as claimed"
    return "\n".join([HEAD, *rows, "", KEY, "", f"{total}: {judgement}.", *report.troubles])


def _row(report: Report, row: Row) -> str:
    lines = report.of(row.name, "product")
    met = sum(line.fine for line in lines)
    seen = " · ".join(_worst(lines, server) for server in SERVERS if any(one.place.server == server for one in lines))
    places = f"{met} of {len(lines)}" + " **NOT MET**" * (met < len(lines))
    return f"| {row.fault} | {row.claim} | {lines[0].result.work} | {seen} | {places} | {_tutorial(report, row)} |"


def _worst(lines: list[Line], server: str) -> str:
    """A place that did not meet the claim, or the one that came nearest to missing it."""
    candidates = [line for line in lines if line.place.server == server]
    return f"{server}: {max(candidates, key=lambda line: (not line.fine, line.result.worst)).result.seen}"


def _tutorial(report: Report, row: Row) -> str:
    return " · ".join(
        f"{line.place.server}: {line.result.seen}" + " **DID NOT FAIL**" * (not line.fine)
        for line in report.of(row.name, "tutorial")
    )


def circumstances(*, long: bool) -> str:
    """When and on what: figures say nothing without."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("Django", "channels", "channels-redis", "uvicorn", "daphne")
    )
    counts = "full counts (`make chaos LONG=1`)" if long else "short counts (`make chaos`)"
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{when}, {counts}; {os.cpu_count()} cores ({_processor()}); Python {platform.python_version()}, {packages}."


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names: Iterator[str] = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def page(report: Report, *, long: bool) -> str:
    """A page for the documentation, with every single result below the table."""
    singles = ["| fault | system | server | layer | database | seen |", "|---|---|---|---|---|---|"]
    for name, row in ROWS.items():
        for line in report.of(name, "product") + report.of(name, "tutorial"):
            place = line.place
            where = f"{place.system} | {place.server} | {place.layer} | {place.database}"
            singles.append(f"| {row.fault} | {where} | {line.result.seen} |")
    head = f"# What a run of `make chaos` showed\n\n{circumstances(long=long)}"
    return "\n\n".join([head, table(report), "## Every single result", "\n".join(singles)]) + "\n"
