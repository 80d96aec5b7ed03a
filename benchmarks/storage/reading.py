"""Reads of a large table, by a process of their own."""

from __future__ import annotations

from typing import Self

from benchmarks.figures import Results

from .servers import Servers

PEOPLE = 1_000

# What is read, and the kinds of statement whose time is a figure of its own.
READS = {
    "list": ("list page", {"rows": "rows", "count": "total", "queries": "all queries", "call": "whole request"}),
    "changes": ("10 changes", {"queries": "query", "call": "whole call"}),
    "snapshot": ("snapshot of 1 user", {"queries": "query", "call": "whole call"}),
    "snapshots": (f"snapshots of {PEOPLE:,} users", {"queries": "query", "call": "whole call"}),
}


class Reads:
    """A thousand people with ``rows`` notifications between them."""

    def __init__(self, servers: Servers, url: str, database: str, *, rows: int) -> None:
        self.where = f"{rows:,} rows, {database}"
        self._worker = servers.worker(url)
        self._worker.ask_for("people", count=PEOPLE)
        self._worker.ask_for("rows", rows=rows // PEOPLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._worker.close()

    def measure(self, results: Results, *, calls: int) -> None:
        answer = self._worker.ask_for("read", calls=calls)
        for read, (work, kinds) in READS.items():
            for kind, what in kinds.items():
                results.add(f"{work} at {self.where}, {what}, p50", "product", answer[read][kind], "ms")
