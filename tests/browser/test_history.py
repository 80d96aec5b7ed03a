"""The history: found, filtered, put in order, page by page; and alive where there are scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from notifications import send_notification
from notifications.inbox.services import archive, mark_read
from notifications.models import Notification
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, History, live
from tests.browser.sockets import wait_until
from tests.browser.test_toasts import HIDE
from tests.browser.visitor import HISTORY


def count(user: Any, **fields: Any) -> int:
    return Notification.objects.filter(recipient=user, deleted_at=None, **fields).count()


def open_history(visit: Visit, user: Any, query: str = "") -> History:
    return History(live(visit(user).open(HISTORY + query)))


def test_search_finds_words_and_says_where_there_are_none(visit: Visit, door: Door, ana: Any) -> None:
    door.send(ana, "Coffee is ready")
    door.send(ana, "Tea", message="with coffee beans")
    door.send(ana, "Honey")
    history = open_history(visit, ana)

    history.search("coffee")
    history.expect_subjects("Tea", "Coffee is ready")
    history.search("chocolate")
    history.expect_subjects()
    expect(history.page.get_by_text("Nothing matches this search.")).to_be_visible()


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("?type=stock_alert", ["Stock"]),
        ("?priority=critical", ["Critical"]),
        ("?state=unread", ["Critical", "Stock"]),
        ("?state=read", ["Read"]),
        ("?state=archived", ["Archived"]),
        ("?state=all", ["Critical", "Stock", "Read"]),
    ],
)
def test_filters_by_address(visit: Visit, ana: Any, query: str, subjects: list[str]) -> None:
    made = {
        subject: send_notification(ana, kind, subject, priority=priority)["notification_id"]
        for subject, kind, priority in [
            ("Archived", "order_ready", "low"),
            ("Read", "order_ready", "low"),
            ("Stock", "stock_alert", "low"),
            ("Critical", "order_ready", "critical"),
        ]
    }
    archive(ana, [made["Archived"]])
    mark_read(ana, [made["Read"]])

    open_history(visit, ana, query).expect_subjects(*subjects)


def test_filters_by_form(visit: Visit, ana: Any) -> None:
    for days, subject in ((40, "Old"), (2, "Recent"), (0, "Today")):
        made = send_notification(ana, "order_ready", subject)
        moment = timezone.now() - timedelta(days=days)
        Notification.objects.filter(pk=made["notification_id"]).update(created_at=moment)
    history = open_history(visit, ana)

    history.page.get_by_text("More filters").click()
    history.page.get_by_label("From", exact=True).fill(f"{timezone.now() - timedelta(days=3):%Y-%m-%d}")
    history.page.get_by_label("To", exact=True).fill(f"{timezone.now() - timedelta(days=1):%Y-%m-%d}")
    history.page.get_by_role("button", name="Apply").click()

    history.expect_subjects("Recent")
    history.page.get_by_role("link", name="Clear all filters").click()
    history.expect_subjects("Today", "Recent", "Old")


def test_what_is_wrong_in_a_filter_is_said(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 1)
    visitor = visit(ana)
    visitor.complaints.expect("400")
    history = History(live(visitor.open(f"{HISTORY}?from=2026-02-01&to=2026-01-01")))

    expect(history.page.get_by_text("This is before the first day.")).to_be_visible()
    history.expect_subjects()


def test_selected_rows_are_put_in_order_together(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 4)
    history = open_history(visit, ana)

    for subject in ("Number 1", "Number 3"):
        history.row(subject).get_by_role("checkbox").check()
    history.bulk("Mark read").click()
    wait_until(history.page, lambda: count(ana, read_at__isnull=False) == 2)
    Bell(live(history.page)).expect_count(2)

    for subject in ("Number 2", "Number 4"):
        history.row(subject).get_by_role("checkbox").check()
    history.bulk("Archive").click()
    wait_until(history.page, lambda: count(ana, archived_at__isnull=False) == 2)
    history.expect_subjects("Number 3", "Number 1")


def test_each_row_has_its_own_buttons(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    history = open_history(visit, ana)
    page = history.page

    history.button("Number 1", "Mark read").click()
    wait_until(page, lambda: count(ana, read_at__isnull=False) == 1)
    history.button("Number 1", "Mark unread").click()
    wait_until(page, lambda: count(ana, read_at__isnull=False) == 0)
    history.button("Number 2", "Archive").click()
    wait_until(page, lambda: count(ana, archived_at__isnull=False) == 1)
    history.expect_subjects("Number 3", "Number 1")
    Bell(page).expect_count(2)


def test_delete_can_be_undone_and_is_done_when_the_page_goes(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    history = open_history(visit, ana)
    page = history.page

    history.button("Number 1", "Delete").click()
    history.expect_subjects("Number 2")
    page.get_by_role("button", name="Undo").first.click()
    history.expect_subjects("Number 2", "Number 1")
    history.button("Number 2", "Delete").click()
    history.expect_subjects("Number 1")
    assert count(ana) == 2

    page.goto("/")

    wait_until(page, lambda: count(ana) == 1)
    Bell(live(page)).expect_count(1)


def test_what_was_deleted_with_the_hidden_page_does_not_come_back(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    history = open_history(visit, ana)
    page = history.page
    history.button("Number 1", "Delete").click()
    page.evaluate(HIDE, True)
    wait_until(page, lambda: count(ana) == 1)
    page.evaluate(HIDE, False)

    undo = page.get_by_role("button", name="Undo").first
    if undo.is_visible():
        undo.click()

    history.expect_subjects("Number 2")


def test_mark_all_read(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    history = open_history(visit, ana)

    history.page.locator("main").get_by_role("button", name="Mark all read").click()

    Bell(history.page).expect_count(0)
    wait_until(history.page, lambda: count(ana, read_at=None) == 0)
    expect(history.page.locator("main [data-unread]")).to_have_count(0)


def test_pages_meet_without_gap_or_overlap(visit: Visit, door: Door, ana: Any) -> None:
    """By the place of the last row, not by a number of rows: what arrives meanwhile moves nothing."""
    door.send_some(ana, 45)
    history = open_history(visit, ana)
    seen = history.subjects()

    for number in (1, 2):
        door.send(ana, f"Meanwhile {number}")
        history.page.get_by_role("link", name="Older").click()
        history.page.wait_for_url("**before=*")
        live(history.page)
        seen += [subject for subject in history.subjects() if not subject.startswith("Meanwhile")]

    assert [subject for subject in seen if subject.startswith("Number")] == [f"Number {n}" for n in range(45, 0, -1)]
    expect(history.page.get_by_role("link", name="Older")).to_have_count(0)
    history.page.get_by_role("link", name="Newest").click()
    expect(history.subjects_of_rows.first).to_have_text("Meanwhile 2")


def test_it_follows_what_happens_elsewhere(visit: Visit, door: Door, ana: Any) -> None:
    ids = door.send_some(ana, 3)
    history = open_history(visit, ana)

    mark_read(ana, [ids[0]])
    archive(ana, [ids[1]])

    expect(history.row("Number 1")).not_to_have_attribute("data-unread", "")
    history.expect_subjects("Number 3", "Number 1")
    door.send(ana, "New")
    expect(history.page.locator(".notifications-fresh")).to_contain_text("1 new")


def test_a_click_means_read_and_follows_the_address(visit: Visit, door: Door, ana: Any) -> None:
    door.send(ana, "Coffee is ready", url="/welcome?opened=history")
    history = open_history(visit, ana)

    history.row("Coffee is ready").get_by_role("link", name="Coffee is ready", exact=True).click()

    history.page.wait_for_url("**/welcome?opened=history")
    Bell(history.page).expect_count(0)
