"""Servers that many tests share, since starting one takes a second; each test gets people of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.live_site import LiveSite, environment
from tests.servers import Kind, Site

# Both servers, each on one database: they differ in what lies below, not in what the database says. The faults,
# which lie below, are tested on both with Redis.
SERVERS = ["uvicorn"] if os.environ.get("NOTIFICATIONS_TEST_SERVICES") == "1" else ["daphne"]
# Servers of other tests run on the same database: they would number and expire what this one is to find so.
NO_SWEEPER = {"SWEEP_SECONDS": 3_600, "EXPIRE_SECONDS": 3_600}
# A reconciler that never looks: what arrives, arrived by a hint.
STEADY = {**NO_SWEEPER, "RECONCILE_SECONDS": 3_600, "KEY_IN_QUERY_STRING": True}
# What takes minutes elsewhere, within a test's patience.
QUICK = {
    **NO_SWEEPER,
    "RECONCILE_SECONDS": 0.3,
    "RIGHTS_SECONDS": 0.3,
    "SILENCE_SECONDS": 2.0,
    "PING_INTERVAL_SECONDS": 0.8,
}

Running = Callable[..., Site]


@pytest.fixture(scope="session")
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[Running]:
    """A server of this kind with these NOTIFICATIONS and variables, started at its first use and kept."""
    sites: dict[Any, Site] = {}

    def run(kind: Kind, *, env: dict[str, str | None] | None = None, **notifications: Any) -> Site:
        # What is so for every server of this run makes no other server.
        env = {name: value for name, value in (env or {}).items() if os.environ.get(name) != value}
        key = (kind, str(env), *sorted(notifications.items()))
        if key not in sites:
            sites[key] = Site(kind, {**environment(**notifications), **env})
        if not sites[key].running:
            sites[key].start()
        return sites[key]

    yield run
    for site in sites.values():
        site.stop()


async def _live(site: Site) -> AsyncIterator[LiveSite]:
    before = len(site.read_log())
    live = LiveSite(site)
    yield live
    await live.close()
    log = site.read_log()[before:]
    assert "Traceback" not in log, log


@pytest.fixture(params=SERVERS)
async def live(request: pytest.FixtureRequest, transactional_db: None, running: Running) -> AsyncIterator[LiveSite]:
    """The site on each server. Only hints bring news: the reconciler sleeps."""
    async for site in _live(running(request.param, **STEADY)):
        yield site


@pytest.fixture(params=SERVERS)
async def quick(request: pytest.FixtureRequest, transactional_db: None, running: Running) -> AsyncIterator[LiveSite]:
    """The site on each server, looking several times a second at what it looks at now and then."""
    async for site in _live(running(request.param, **QUICK)):
        yield site


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("ana", password="first")


@pytest.fixture
def other(transactional_db: None) -> User:
    return User.objects.create_user("bea", password="first")
