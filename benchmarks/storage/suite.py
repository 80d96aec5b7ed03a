"""Everything that is measured in the database: prepared once, run as often as one likes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

from benchmarks.figures import Results

from .reading import Reads
from .rival import Community, NoRival
from .sends import Sends
from .servers import Servers


class Storage:
    """Usage: ``with Storage(postgres, redis) as storage: storage.run(results)``, once for each run.

    ``left_out`` says in a line each what could not be measured here.

    Args:
        wanted: whether a step is to be taken, by its name; what no such step needs is not prepared.
    """

    def __init__(
        self, postgres: str, redis: str, *, quick: bool = False, wanted: Callable[[str], bool] = lambda step: True
    ) -> None:
        self.people = (1_000, 10_000) if quick else (10_000, 100_000)
        self.rows = 100_000 if quick else 1_000_000
        self.calls = 50 if quick else 200
        self.writers = 3 if quick else 8
        self.seconds = 1.0 if quick else 3.0
        self.left_out: list[str] = []
        self._servers, self._wanted = Servers(postgres, redis), wanted
        self._parts: dict[str, Any] = {}
        self._running = ExitStack()

    def __enter__(self) -> Self:
        makers: dict[str, Callable[[], Any]] = {
            "PostgreSQL": partial(self._sends, "PostgreSQL", writers=self.writers),
            "SQLite": partial(self._sends, "SQLite", writers=1),
            "rows in PostgreSQL": partial(self._reads, "PostgreSQL"),
            "rows in SQLite": partial(self._reads, "SQLite"),
            "rival": self._rival,
        }
        needed = {part for part, step, _ in self._all() if self._wanted(step)}
        with self._running as running:
            for part, make in makers.items():
                if part in needed and (made := make()):
                    self._parts[part] = running.enter_context(made)
            self._running = running.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._running.close()

    def _database(self, database: str, name: str) -> str:
        return self._servers.new_postgres(name) if database == "PostgreSQL" else self._servers.new_sqlite()

    def _sends(self, database: str, *, writers: int) -> Sends:
        url = self._database(database, "sends")
        return Sends(self._servers, url, database, people=self.people, writers=writers)

    def _reads(self, database: str) -> Reads:
        return Reads(self._servers, self._database(database, "reads"), database, rows=self.rows)

    def _rival(self) -> Community | None:
        url = self._servers.new_postgres("community", migrated=False)
        try:
            return Community(self._servers.environment(url), people=self.people[0])
        except NoRival as reason:
            self.left_out.append(f"django-notifications-community: {reason}")
            return None

    def _all(self) -> list[tuple[str, str, Callable[[Any, Results], None]]]:
        """The part that a step needs, its name, and what is done with both."""
        return [
            ("PostgreSQL", "sends to many, PostgreSQL", Sends.measure_many),
            ("PostgreSQL", "sends on delivery channels, PostgreSQL", Sends.measure_on_channels),
            ("rival", "sends to many, django-notifications-community", Community.measure_many),
            ("PostgreSQL", "single sends during sends to many, PostgreSQL", Sends.measure_meanwhile),
            ("PostgreSQL", "single sends, PostgreSQL", partial(Sends.measure_singles, seconds=self.seconds)),
            ("PostgreSQL", "round trips, PostgreSQL", self._round_trips),
            ("SQLite", "sends to many, SQLite", Sends.measure_many),
            ("SQLite", "single sends, SQLite", partial(Sends.measure_singles, seconds=self.seconds)),
            ("rows in PostgreSQL", "reads, PostgreSQL", partial(Reads.measure, calls=self.calls)),
            ("rows in SQLite", "reads, SQLite", partial(Reads.measure, calls=self.calls)),
        ]

    def steps(self) -> list[tuple[str, Callable[[Results], None]]]:
        """What one run consists of, by name, as far as it was prepared; all of it before that."""
        return [(step, partial(self._do, part, do)) for part, step, do in self._all() if self._has(part)]

    def _has(self, part: str) -> bool:
        return not self._parts or part in self._parts

    def _do(self, part: str, do: Callable[[Any, Results], None], results: Results) -> None:
        do(self._parts[part], results)

    def run(self, results: Results) -> None:
        """One run of everything."""
        for _, step in self.steps():
            step(results)

    def _round_trips(self, sends: Sends, results: Results) -> None:
        try:
            sends.measure_round_trips(results)
        except ValueError as reason:
            if str(reason) not in self.left_out:
                self.left_out.append(str(reason))
