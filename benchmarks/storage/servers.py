"""The databases that are measured, and programs that work on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.children import ROOT, Child
from tests.processes import scratch_folder

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
    """PostgreSQL and Redis, and what is made on them."""

    def __init__(self, postgres: str, redis: str) -> None:
        self.postgres, self.redis = postgres, redis

    def new_postgres(self, name: str, *, migrated: bool = True) -> str:
        """Make a database; return its ``DATABASE_URL``."""
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        url = urlsplit(self.postgres)._replace(path=f"/{name}").geturl()
        return self._migrate(url) if migrated else url

    def new_sqlite(self) -> str:
        """Make a file, with the options that the site sets: a write-ahead log and immediate transactions."""
        return self._migrate(f"sqlite:///{scratch_folder()}/site.sqlite3")

    def worker(self, url: str, **notifications: Any) -> Worker:
        """Start a program that carries out the orders of :mod:`benchmarks.storage.worker` on this database.

        Args:
            notifications: keys of its ``NOTIFICATIONS``.
        """
        env = {**self.environment(url), "TEST_NOTIFICATIONS": json.dumps(notifications)}
        return Worker([sys.executable, "-m", "benchmarks.storage.worker"], env)

    def environment(self, url: str) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": url,
            "REDIS_URL": self.redis,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "NOTIFICATIONS_LOG_LEVEL": "WARNING",  # a line for each send would go to the terminal
        }

    def _migrate(self, url: str) -> str:
        command = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
        subprocess.run(command, env=self.environment(url), cwd=ROOT, check=True)
        return url
