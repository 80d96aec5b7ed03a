"""A migrated database for each world: a copy of a template where that is quick, else migrated anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import psycopg

from tests.processes import scratch_folder
from tests.servers import ROOT
from tests.services import NO_POSTGRES, Postgres, find_postgres

from .spec import Place
from .world import SETTINGS_MODULE


class Databases:
    """The servers that the worlds' databases are on. They start at their first use."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._postgres_url = ""
        self._mariadb_url = ""
        self._templates: dict[str, str] = {}
        self._made = 0
        self._one_at_a_time = Lock()

    def close(self) -> None:
        self._running.close()

    def make(self, place: Place) -> str:
        """The ``DATABASE_URL`` of a database that has the tables of this place's system."""
        with self._one_at_a_time:
            return self._make(place)

    def _make(self, place: Place) -> str:
        self._made += 1
        if place.own_postgres:
            return ""  # the world starts its own
        if place.database == "postgresql":
            return self._on_postgres(place, f"world{self._made}")
        if place.database == "mariadb":
            return self._on_mariadb(place, f"world{self._made}")
        return self._on_sqlite(place)

    def _on_postgres(self, place: Place, name: str) -> str:
        if not self._postgres_url:
            postgres = find_postgres()
            if postgres is None:
                raise SystemExit(NO_POSTGRES)
            if isinstance(postgres, Postgres):
                # Some rows count statements.
                library = next(postgres.binaries.parent.rglob("pg_stat_statements.*"), None)
                counting = ["shared_preload_libraries=pg_stat_statements"] * bool(library)
                postgres.SETTINGS = (*postgres.SETTINGS, "max_connections=400", *counting)
            self._postgres_url = self._running.enter_context(postgres).url
        template = f"chaos_{place.system}"
        with psycopg.connect(self._postgres_url, autocommit=True) as connection:
            if template not in self._templates:
                connection.execute(f"DROP DATABASE IF EXISTS {template}")
                connection.execute(f"CREATE DATABASE {template}")
                self._templates[template] = migrate(place, with_path(self._postgres_url, template))
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return with_path(self._postgres_url, name)

    def _on_sqlite(self, place: Place) -> str:
        folder = scratch_folder()
        template = f"sqlite_{place.system}"
        if template not in self._templates:
            self._templates[template] = str(folder / "template.sqlite3")
            migrate(place, f"sqlite:///{self._templates[template]}")
        copy = folder / "world.sqlite3"
        shutil.copy(Path(self._templates[template]), copy)
        return f"sqlite:///{copy}"

    def _on_mariadb(self, place: Place, name: str) -> str:
        import MySQLdb

        from tests.services import NO_MARIADB, find_mariadb

        if not self._mariadb_url:
            mariadb = find_mariadb()
            if mariadb is None:
                raise SystemExit(NO_MARIADB)
            self._mariadb_url = self._running.enter_context(mariadb).url
        connection = MySQLdb.connect(**mariadb_options(self._mariadb_url))
        connection.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        connection.close()
        return migrate(place, with_path(self._mariadb_url, name))


def mariadb_options(url: str) -> dict[str, str]:
    import dj_database_url

    settings = dj_database_url.parse(url)
    return {"user": settings["USER"], "passwd": settings["PASSWORD"], **settings.get("OPTIONS", {})}


def with_path(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def migrate(place: Place, url: str) -> str:
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:1",  # named, not used
        "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE[place.system],
    }
    command = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity=0"]
    subprocess.run(command, env=env, cwd=ROOT, check=True)
    return url
