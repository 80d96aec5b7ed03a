"""Servers behind one Redis. They sweep, so they must not outlive these tests: others count on being let alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.faults.storm import PEOPLE, Sender, Storm
from tests.live_site import LiveSite, environment
from tests.servers import Site

NOTIFICATIONS = {"RECONCILE_SECONDS": 1.0}


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("ana")


@pytest.fixture
def people(transactional_db: None) -> list[User]:
    return [User.objects.create_user(f"user{number}") for number in range(PEOPLE)]


@pytest.fixture(scope="package")
def servers(django_db_setup: None, _redis_server: Any) -> Iterator[Callable[[str], Site]]:
    """One of each kind, started at its first use, and again if a test has killed it."""
    env = {**environment(**NOTIFICATIONS), "REDIS_URL": _redis_server.url}
    sites = {kind: Site(kind, env) for kind in ("uvicorn", "daphne")}

    def of(kind: str) -> Site:
        return sites[kind] if sites[kind].running else sites[kind].start()

    yield of
    for site in sites.values():
        site.stop()


@pytest.fixture(scope="package")
def senders(django_db_setup: None, _redis_server: Any) -> Iterator[Callable[[], Sender]]:
    """The program that sends: one for all tests, and a new one where the last has died."""
    started: list[Sender] = []

    def sender() -> Sender:
        if not started or started[-1].process.poll() is not None:
            started.append(Sender({"REDIS_URL": _redis_server.url}))
        return started[-1]

    yield sender
    for one in started:
        one.stop()


@pytest.fixture(params=["uvicorn", "daphne"])
async def storm(
    request: pytest.FixtureRequest,
    people: list[User],
    servers: Callable[[str], Site],
    senders: Callable[[], Sender],
    redis_server: Any,
) -> AsyncIterator[Storm]:
    live = LiveSite(servers(request.param))
    yield Storm(live, people, senders())
    await live.close()
