"""The databases that are measured, and programs that work on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg

from benchmarks.children import ROOT, Child
from tests.processes import scratch_folder
from tests.services import NO_POSTGRES, NO_REDIS, Postgres, Service, find_postgres, find_redis

# What the tests switch off for speed is what a send has to wait for.
SETTINGS = (
    "listen_addresses=",
    "max_connections=100",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=256MB",
)


LONGEST_SECONDS = 600.0  # a million rows on a slow disk


class Worker(Child):
    """A program that carries out orders; it is asked by their names."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str]) -> None:
        super().__init__(command, env)
        self.read()  # it is ready

    def begin(self, do: str, **arguments: Any) -> None:
        self.tell(json.dumps({"do": do, **arguments}))

    def answer(self) -> dict[str, Any]:
        return self.read(LONGEST_SECONDS)

    def ask_for(self, do: str, **arguments: Any) -> dict[str, Any]:
        self.begin(do, **arguments)
        return self.answer()


class Servers:
    """PostgreSQL and Redis while the block lasts. A server that is named by the environment is taken as it is."""

    postgres: Service
    redis: Service

    def __init__(self) -> None:
        self._running = ExitStack()

    def __enter__(self) -> Self:
        postgres, redis = find_postgres(), find_redis()
        if postgres is None or redis is None:
            raise SystemExit(NO_POSTGRES if postgres is None else NO_REDIS)
        if isinstance(postgres, Postgres):
            postgres.SETTINGS = SETTINGS
        with ExitStack() as running:
            self.postgres, self.redis = running.enter_context(postgres), running.enter_context(redis)
            self._running = running.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._running.close()

    def new_postgres(self, name: str, *, migrated: bool = True) -> str:
        """Make a database; return its ``DATABASE_URL``."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        url = urlsplit(self.postgres.url)._replace(path=f"/{name}").geturl()
        return self._migrate(url) if migrated else url

    def new_sqlite(self) -> str:
        """Make a file, with the options that the site sets: a write-ahead log and immediate transactions."""
        return self._migrate(f"sqlite:///{scratch_folder()}/site.sqlite3")

    def worker(self, url: str) -> Worker:
        """Start a program that carries out the orders of :mod:`benchmarks.storage.worker` on this database."""
        return Worker([sys.executable, "-m", "benchmarks.storage.worker"], self.environment(url))

    def environment(self, url: str) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": url,
            "REDIS_URL": self.redis.url,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "NOTIFICATIONS_LOG_LEVEL": "WARNING",  # a line for each send would go to the terminal
        }

    def _migrate(self, url: str) -> str:
        command = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
        subprocess.run(command, env=self.environment(url), cwd=ROOT, check=True)
        return url
