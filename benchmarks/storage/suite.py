"""Everything that is measured in the database: prepared once, run as often as one likes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Self

from benchmarks.figures import Results

from .reading import Reads
from .rival import Community, NoRival
from .sends import Sends
from .servers import Servers

WRITERS = 8


class Storage:
    """Usage: ``with Storage(quick=True) as storage: storage.run(results)``, once for each run.

    ``left_out`` says in a line each what could not be measured here.
    """

    def __init__(self, *, quick: bool = False) -> None:
        self.people = (1_000, 10_000) if quick else (10_000, 100_000)
        self.rows = 100_000 if quick else 1_000_000
        self.calls = 50 if quick else 200
        self.seconds = 1.0 if quick else 3.0
        self.left_out: list[str] = []

    def __enter__(self) -> Self:
        with ExitStack() as running:
            self._prepare(running)
            self._running = running.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._running.close()

    def _prepare(self, running: ExitStack) -> None:
        servers = running.enter_context(Servers())
        postgres, sqlite = servers.new_postgres("sends"), servers.new_sqlite()
        self.postgres = Sends(servers, postgres, "PostgreSQL", people=self.people, writers=WRITERS)
        running.callback(self.postgres.close)
        self.sqlite = Sends(servers, sqlite, "SQLite", people=self.people, writers=1)
        running.callback(self.sqlite.close)
        self.reads = [
            running.enter_context(Reads(servers, servers.new_postgres("reads"), "PostgreSQL", rows=self.rows)),
            running.enter_context(Reads(servers, servers.new_sqlite(), "SQLite", rows=self.rows)),
        ]
        try:
            url = servers.new_postgres("community", migrated=False)
            self.community = running.enter_context(Community(servers.environment(url), people=self.people[0]))
        except NoRival as reason:
            self.community = None
            self.left_out.append(f"django-notifications-community: {reason}")

    def run(self, results: Results) -> None:
        """One run of everything."""
        self.postgres.measure_many(results)
        if self.community:
            self.community.measure_many(results)
        self.postgres.measure_meanwhile(results)
        self.postgres.measure_singles(results, seconds=self.seconds)
        self._round_trips(results)
        self.sqlite.measure_many(results)
        self.sqlite.measure_singles(results, seconds=self.seconds)
        for reads in self.reads:
            reads.measure(results, calls=self.calls)

    def _round_trips(self, results: Results) -> None:
        try:
            self.postgres.measure_round_trips(results)
        except ValueError as reason:
            if str(reason) not in self.left_out:
                self.left_out.append(str(reason))
