"""One Chromium and one site for all of them; a browser context and people of its own for each test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from tests.browser import chromium
from tests.browser.complaints import Complaints
from tests.browser.door import Door
from tests.browser.proxy import Proxy
from tests.browser.visitor import Visitor
from tests.live_site import environment
from tests.servers import Site

APPLICATION = "tests.browser.asgi:application"


def site_environment() -> dict[str, str | None]:
    """A server is not to be let off what the tests' own thread is let off."""
    return {**environment(CHANNELS={"email": {}}), chromium.ALLOW_ORM[0]: None}


Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with pytest.MonkeyPatch.context() as patch, sync_api.sync_playwright() as driver:
        patch.setenv(*chromium.ALLOW_ORM)
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Any) -> Iterator[Any]:
    launched = chromium.launch(playwright)
    if launched is None:
        pytest.skip(chromium.MISSING)
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """Shared: the tables are emptied under it after each test, when nobody is connected any more."""
    with django_db_blocker.unblock():
        running = Site(env=site_environment(), application=APPLICATION).start()
    yield running
    running.stop()
    assert "Traceback" not in running.read_log(), running.read_log()


@pytest.fixture
def own_site(transactional_db: None) -> Iterator[Site]:
    """A site that the test may stop and start."""
    running = Site(env=site_environment(), application=APPLICATION).start()
    yield running
    running.stop()
    assert "Traceback" not in running.read_log(), running.read_log()


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    """In front of the shared site: ``visit(ana, url=proxy.http)``."""
    running = Proxy(site.port).start()
    yield running
    running.stop()


@pytest.fixture
def door(site: Site) -> Iterator[Door]:
    opened = Door(site.http)
    yield opened
    opened.close()


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user(f"ana-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user(f"luis-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def staff(transactional_db: None) -> Any:
    return get_user_model().objects.create_superuser(f"staff-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """``complaints.expect(NETWORK)`` before what will make the console complain."""
    heard = Complaints()
    yield heard
    assert not heard.unexpected()


@pytest.fixture
def visit(browser: Any, site: Site, transactional_db: None, complaints: Complaints) -> Iterator[Visit]:
    """``visit(ana)`` is Ana's browser; options are those of Playwright's contexts (``locale``, ``viewport``, …)."""
    visitors: list[Visitor] = []

    def come(user: Any, *, url: str = "", **options: Any) -> Visitor:
        visitors.append(Visitor(browser, url or site.http, user, complaints, **options))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.close()
