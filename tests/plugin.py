"""Chooses the database and the channel layer before Django's settings are read: loaded by pytest's ``-p``.

By default a SQLite file and the in-memory layer; with ``NOTIFICATIONS_TEST_SERVICES=1`` one PostgreSQL and
one Redis for the whole run, with ``NOTIFICATIONS_TEST_DATABASE=mariadb`` one MariaDB and the in-memory layer.
``DATABASE_URL`` and ``REDIS_URL`` tell the settings, also in the servers that tests start.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from tests import services
from tests.processes import scratch_folder

REDIS = pytest.StashKey[services.Service]()  # the Redis of this run, where it has one

_running = ExitStack()
_chosen = pytest.StashKey[str]()
_missing = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)  # a wrapper runs before pytest-django's own hook, which reads the settings
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker inherits what its controller chose
        if os.environ.get("NOTIFICATIONS_TEST_DATABASE") == "mariadb":
            early_config.stash[_chosen] = _start_mariadb()
        else:
            wanted = os.environ.get("NOTIFICATIONS_TEST_SERVICES") == "1"
            chosen = _start_services(early_config) if wanted else None
            early_config.stash[_chosen] = chosen or _use_sqlite()
    return (yield)


def pytest_report_header(config: pytest.Config) -> str:
    return f"tested on: {config.stash.get(_chosen, 'what the controller chose')}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if reason := config.stash.get(_missing, None):
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_unconfigure() -> None:
    _running.close()


def _use_sqlite() -> str:
    os.environ["DATABASE_URL"] = f"sqlite:///{scratch_folder()}/site.sqlite3"
    os.environ.pop("REDIS_URL", None)
    return "SQLite and the in-memory layer"


def _start_mariadb() -> str:
    mariadb = services.find_mariadb()
    if mariadb is None:
        raise pytest.UsageError(services.NO_MARIADB)  # whoever asks for it by name wants nothing else
    os.environ["DATABASE_URL"] = _running.enter_context(mariadb).url
    os.environ.pop("REDIS_URL", None)
    return f"MariaDB ({mariadb.source}) and the in-memory layer"


def _start_services(config: pytest.Config) -> str | None:
    postgres, redis = services.find_postgres(), services.find_redis()
    if not (postgres and redis):
        # Going on with half of them would look like a run on both.
        reasons = [services.NO_POSTGRES] * (not postgres) + [services.NO_REDIS] * (not redis)
        config.stash[_missing] = " ".join(reasons)
        if services.required():
            raise pytest.UsageError(config.stash[_missing])
        return None
    _running.enter_context(postgres)
    config.stash[REDIS] = _running.enter_context(redis)
    os.environ.update(DATABASE_URL=postgres.url, REDIS_URL=redis.url)
    return f"PostgreSQL ({postgres.source}) and the Redis layer ({redis.source})"
