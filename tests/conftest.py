"""Fixtures for tests against real server processes.

Server processes see only what is committed, so these tests use `transactional_db`: pytest-django empties the
tables after each of them, and the servers are stopped before that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from asgiref.sync import SyncToAsync
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from django.utils import translation

from tests import plugin, services
from tests.servers import Kind, Site

# A busy machine is slow, and no fault of what is tested.
hypothesis.settings.register_profile(
    "here", deadline=None, max_examples=50, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("here")

MakeSite = Callable[..., Site]

if os.environ.get("DJANGO_SETTINGS_MODULE") != "tests.settings_uuid":
    collect_ignore = ["uuid_users"]  # they run on settings of their own: `make test-uuid`


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    yield
    # asgiref keeps one thread for the ORM calls of coroutines. PostgreSQL drops no database that is in use.
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(autouse=True)
def _no_language_left_over() -> Iterator[None]:
    """A request chooses the language of its thread, which is then the next test's, too."""
    yield
    translation.deactivate()


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana")


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("luis")


@pytest.fixture
def browser(ana: Any) -> Client:
    """Ana's, as the server sees it. The one that runs scripts is in ``tests/browser``."""
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def make_site(transactional_db: None) -> Iterator[MakeSite]:
    """Start servers: ``make_site(kind="daphne", REDIS_URL=…)``. They stop when the test ends.

    A traceback in a server's log fails the test, unless it sets ``site.expect_tracebacks = True``.
    """
    sites: list[Site] = []

    def make(kind: Kind = "uvicorn", *, start: bool = True, **env: str | None) -> Site:
        sites.append(Site(kind, env))
        return sites[-1].start() if start else sites[-1]

    yield make
    for site in sites:
        site.stop()
    for site in sites:
        if "Traceback" in site.read_log() and not site.expect_tracebacks:
            pytest.fail(f"{site} printed a traceback:\n{site.read_log()}", pytrace=False)


@pytest.fixture(params=["uvicorn", "daphne"])
def site(request: pytest.FixtureRequest, make_site: MakeSite) -> Site:
    """The running site, once on each server."""
    return make_site(kind=request.param)


@pytest.fixture(scope="session")
def _redis_server(pytestconfig: pytest.Config) -> Iterator[services.Service]:
    if of_this_run := pytestconfig.stash.get(plugin.REDIS, None):
        yield of_this_run
    elif found := services.find_redis():
        with found:
            yield found
    else:
        services.unavailable(services.NO_REDIS)


@pytest.fixture
def redis_server(_redis_server: services.Service) -> Iterator[services.Service]:
    """A Redis-protocol server that the test may kill; it runs again when the test has ended.

    In a run on Redis it is everybody's layer. Otherwise: ``make_site(REDIS_URL=redis_server.url)``.
    """
    yield _redis_server
    if not _redis_server.running:
        _redis_server.start()
