"""Static files under names that hold a hash of their content."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.browser.conftest import APPLICATION, Visit, site_environment
from tests.browser.door import Door
from tests.browser.pages import Bell, History, live
from tests.processes import scratch_folder
from tests.servers import ROOT, Site


@pytest.fixture(params=["plain", "aggregated"])
def hashed_site(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[Site]:
    """Static files with hashed names; ``aggregated``: so are the imports in modules, as far as Django sees them."""
    env = {
        **site_environment(),
        "DJANGO_SETTINGS_MODULE": "tests.browser.settings_hashed",
        "TEST_STATIC_ROOT": str(scratch_folder()),
        "TEST_AGGREGATE_IMPORTS": "1" if request.param == "aggregated" else "",
    }
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **{name: value for name, value in env.items() if value}},
        check=True,
        timeout=60,
    )
    running = Site(env=env, application=APPLICATION).start()
    yield running
    running.stop()
    assert "Traceback" not in running.read_log(), running.read_log()


def test_hashed_names_work(visit: Visit, hashed_site: Site, ana: Any) -> None:
    visitor = visit(ana, url=hashed_site.http)
    page = visitor.context.new_page()
    loaded: list[str] = []
    page.on("response", lambda answer: answer.request.resource_type == "script" and loaded.append(answer.url))
    with closing(Door(hashed_site.http)) as door:
        page.goto("/")
        door.send(ana, "Hello")
        Bell(live(page)).expect_count(1)
    Bell(page).open().expect_subjects("Hello")
    assert_one_script(loaded)

    loaded.clear()
    page.goto("/notifications/")
    History(live(page)).ready().button("Hello", "Mark read").click()
    Bell(page).expect_count(0)
    assert_one_script(loaded)
    page.context.close()


def assert_one_script(loaded: list[str]) -> None:
    """A module under two names would be two modules, and two sessions."""
    ours = [url for url in loaded if "/static/notifications/" in url]
    assert len(ours) == 1
    assert re.search(r"/notifications\.min\.[0-9a-f]{12}\.js$", ours[0])
