"""Back to a page that the browser may have kept whole: it asks what it missed.

Playwright turns this cache off; here is a browser that has it. Whether it keeps a page is its own affair.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from notifications.inbox.services import mark_read
from tests.browser import chromium
from tests.browser.complaints import Complaints
from tests.browser.door import Door
from tests.browser.pages import Bell, live
from tests.browser.visitor import Visitor
from tests.servers import Site


@pytest.fixture
def visitor(playwright: Any, site: Site, ana: Any, complaints: Complaints) -> Iterator[Visitor]:
    browser = chromium.launch(playwright, ignore_default_args=["--disable-back-forward-cache"])
    if browser is None:
        pytest.skip(chromium.MISSING)
    come = Visitor(browser, site.http, ana, complaints)
    yield come
    come.close()
    browser.close()


def test_it_catches_up(visitor: Visitor, door: Door, ana: Any) -> None:
    ids = door.send_some(ana, 3)
    page = live(visitor.open())
    Bell(page).expect_count(3)

    page.goto("/welcome")
    mark_read(ana, ids[:2])
    door.send(ana, "Meanwhile")
    page.evaluate("history.back()")
    page.wait_for_function("() => location.pathname === '/' && document.readyState === 'complete'")

    live(page)
    Bell(page).expect_count(2)
    door.send(ana, "After")
    Bell(page).expect_count(3)
