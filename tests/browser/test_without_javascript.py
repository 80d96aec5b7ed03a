"""Links and forms do all of it where there are no scripts, only not live."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from notifications.models import Inbox, Notification
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import History
from tests.browser.visitor import HISTORY, PREFERENCES


@pytest.fixture
def open_plain(visit: Visit, ana: Any) -> Any:
    return lambda path="/": visit(ana, java_script_enabled=False).open(path)


def test_the_bell_is_a_link_with_the_number(open_plain: Any, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    page = open_plain()
    link = page.get_by_role("link", name="3 unread notifications")
    expect(link.locator(".notifications-count")).to_have_text("3")

    link.click()

    page.wait_for_url(f"**{HISTORY}")
    History(page).expect_subjects("Number 3", "Number 2", "Number 1")


def test_the_history_does_everything(open_plain: Any, door: Door, ana: Any) -> None:
    door.send_some(ana, 4)
    page = open_plain(HISTORY)
    history = History(page)

    history.button("Number 1", "Mark read").click()
    expect(history.button("Number 1", "Mark unread")).to_be_visible()
    assert Inbox.objects.get(user=ana).unread_count == 3
    history.button("Number 2", "Archive").click()
    history.expect_subjects("Number 4", "Number 3", "Number 1")
    history.button("Number 3", "Delete").click()
    history.expect_subjects("Number 4", "Number 1")
    expect(page.get_by_text("1 notification deleted.")).to_be_visible()

    history.row("Number 4").get_by_role("checkbox").check()
    history.row("Number 1").get_by_role("checkbox").check()
    history.bulk("Archive").click()
    history.expect_subjects()
    page.get_by_role("link", name="Archived").click()
    history.expect_subjects("Number 4", "Number 2", "Number 1")
    history.button("Number 4", "Move back").click()
    page.get_by_role("link", name="All", exact=True).click()
    history.expect_subjects("Number 4")
    assert Inbox.objects.get(user=ana).unread_count == 0


def test_mark_all_read_spares_what_came_after_the_page(open_plain: Any, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    page = open_plain(HISTORY)
    door.send(ana, "Later")

    page.locator("main").get_by_role("button", name="Mark all read").click()

    expect(page.locator("main li[data-unread]")).to_have_count(1)
    assert Notification.objects.get(recipient=ana, read_at=None).subject == "Later"


def test_search_filters_and_pages(open_plain: Any, door: Door, ana: Any) -> None:
    door.send_some(ana, 21)
    door.send(ana, "Coffee is ready")
    page = open_plain(HISTORY)
    history = History(page)
    expect(history.rows).to_have_count(20)

    page.get_by_role("link", name="Older").click()
    history.expect_subjects("Number 2", "Number 1")
    page.get_by_role("link", name="Newest").click()
    history.search("Coffee")
    history.expect_subjects("Coffee is ready")


def test_the_preferences_are_saved(open_plain: Any) -> None:
    page = open_plain(PREFERENCES)
    page.locator("[name=priority][value=high_or_critical]").check()
    page.get_by_role("button", name="Save preferences").click()

    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    expect(page.locator("[name=priority][value=high_or_critical]")).to_be_checked()
