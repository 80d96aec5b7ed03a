"""PostgreSQL as one runs it, and Redis; on a socket each, for as long as the benchmarks last."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg

from benchmarks.children import ROOT
from tests.chaos.databases import with_path
from tests.services import NO_POSTGRES, NO_REDIS, Postgres, find_postgres, find_redis

# What tests switch off, benchmarks need: a commit is on the disk.
POSTGRES_SETTINGS = ("listen_addresses=", "max_connections=100", "shared_buffers=256MB")


@contextmanager
def services() -> Iterator[tuple[str, str]]:
    """Their URLs. Each starts where the tests find it; see :mod:`tests.services`."""
    postgres, redis = find_postgres(), find_redis()
    if postgres is None:
        raise SystemExit(NO_POSTGRES)
    if redis is None:
        raise SystemExit(NO_REDIS)
    if isinstance(postgres, Postgres):
        postgres.SETTINGS = POSTGRES_SETTINGS
    with ExitStack() as stack:
        yield stack.enter_context(postgres).url, stack.enter_context(redis).url


def database(server: str, name: str, settings_module: str) -> str:
    """Make a migrated database. Returns its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    url = with_path(server, name)
    env = {**os.environ, "DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1"}  # named, not used
    command = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity=0"]
    subprocess.run(command, env={**env, "DJANGO_SETTINGS_MODULE": settings_module}, cwd=ROOT, check=True)
    return url
