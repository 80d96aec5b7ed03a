"""The notification centre: opening means seen, clicking means read; nothing jumps, nothing is lost."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from notifications.models import Inbox, Notification
from tests.browser.complaints import NETWORK
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, live
from tests.browser.sockets import wait_until

ACTIONS = "**/api/notifications/actions*"


def row(user: Any, **fields: Any) -> Notification | None:
    return Notification.objects.filter(recipient=user, **fields).first()


def test_opening_means_seen_and_not_read(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    page = live(visit(ana).open())

    Bell(page).open().expect_subjects("Number 2", "Number 1")

    newest = Notification.objects.filter(recipient=ana).latest("seq").seq
    wait_until(page, lambda: Inbox.objects.get(user=ana).seen_seq == newest)
    Bell(page).expect_count(2)


def test_clicking_means_read_and_follows_the_address(visit: Visit, door: Door, ana: Any) -> None:
    door.send(ana, "Coffee is ready", url="/welcome?opened=centre")
    page = live(visit(ana).open())

    Bell(page).open().row("Coffee is ready").get_by_role("link", name="Coffee is ready").click()

    page.wait_for_url("**/welcome?opened=centre")
    Bell(page).expect_count(0)
    wait_until(page, lambda: Inbox.objects.get(user=ana).unread_count == 0)


def test_the_tabs_hold_what_they_say(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    page = live(visit(ana).open())
    centre = Bell(page).open()
    centre.button("Mark read", within=centre.row("Number 2")).click()
    Bell(page).expect_count(2)

    centre.show("Unread").expect_subjects("Number 3", "Number 1")
    centre.show("Read").expect_subjects("Number 2")
    centre.button("Mark unread", within=centre.row("Number 2")).click()
    expect(centre.host.get_by_text("Nothing read yet.")).to_be_visible()
    centre.show("All").expect_subjects("Number 3", "Number 2", "Number 1")
    Bell(page).expect_count(3)


def test_mark_all_read_shows_in_every_tab_and_browser(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    here, there, elsewhere = visit(ana), visit(ana), None
    page, other = live(here.open()), live(there.open())
    elsewhere = live(here.open())

    Bell(page).open().button("Mark all read").click()

    for each in (page, other, elsewhere):
        Bell(each).expect_count(0)
    wait_until(page, lambda: Inbox.objects.get(user=ana).unread_count == 0)


def test_archive_takes_a_row_out(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    page = live(visit(ana).open())
    centre = Bell(page).open()

    centre.button("Archive", within=centre.row("Number 1")).click()

    centre.expect_subjects("Number 2")
    Bell(page).expect_count(1)
    wait_until(page, lambda: row(ana, subject="Number 1", archived_at__isnull=False))


def test_delete_can_be_undone(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    visitor = visit(ana)
    page = visitor.context.new_page()
    page.clock.install()
    page.goto("/")
    centre = Bell(live(page)).open()
    sent: list[str] = []
    page.on("request", lambda request: "delete" in (request.post_data or "") and sent.append(request.url))

    centre.button("Delete", within=centre.row("Number 1")).click()
    centre.expect_subjects("Number 2")
    Bell(page).expect_count(1)
    centre.button("Undo").click()
    centre.expect_subjects("Number 2", "Number 1")
    Bell(page).expect_count(2)

    page.clock.fast_forward(6_000)
    door.send(ana, "Later")  # it comes by the same socket: what was to be sent would have been
    Bell(page).expect_count(3)
    assert sent == []
    assert row(ana, subject="Number 1", deleted_at=None)

    # What has come back is a row like any other.
    centre.button("Archive", within=centre.row("Number 1")).click()
    wait_until(page, lambda: row(ana, subject="Number 1", archived_at__isnull=False))


def test_delete_is_done_after_five_seconds(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    page = visit(ana).context.new_page()
    page.clock.install()
    page.goto("/")
    centre = Bell(live(page)).open()
    centre.button("Delete", within=centre.row("Number 1")).click()
    centre.expect_subjects("Number 2")

    with page.expect_response(ACTIONS) as answer:
        page.clock.fast_forward(6_000)

    assert answer.value.ok
    assert row(ana, subject="Number 1", deleted_at=None) is None


@pytest.mark.parametrize("leaving", ["close", "navigate"])
def test_delete_is_done_when_the_page_goes(visit: Visit, door: Door, ana: Any, leaving: str) -> None:
    door.send_some(ana, 2)
    visitor = visit(ana)
    other, page = live(visitor.open()), live(visitor.open())
    centre = Bell(page).open()
    centre.button("Delete", within=centre.row("Number 1")).click()
    centre.expect_subjects("Number 2")

    if leaving == "close":
        page.close(run_before_unload=True)
    else:
        page.goto("/notifications/")

    wait_until(other, lambda: row(ana, subject="Number 1", deleted_at=None) is None, seconds=3)
    Bell(other).expect_count(1)


def test_new_rows_wait_behind_a_pill(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    page = live(visit(ana).open())
    centre = Bell(page).open()
    centre.expect_subjects("Number 2", "Number 1")

    door.send(ana, "Fresh")

    pill = centre.host.get_by_role("button", name="1 new")
    expect(pill).to_be_visible()
    centre.expect_subjects("Number 2", "Number 1")
    pill.click()
    centre.expect_subjects("Fresh", "Number 2", "Number 1")
    expect(pill).to_be_hidden()


def test_it_loads_more(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 45)
    page = live(visit(ana).open())
    centre = Bell(page).open()
    expect(centre.rows).to_have_count(20)

    assert centre.load_all() == [f"Number {number}" for number in range(45, 0, -1)]


def test_empty_loading_and_error_say_so(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    visitor.complaints.expect(NETWORK)
    page = live(visitor.open())
    page.route("**/api/notifications?*", lambda route: route.abort())
    centre = Bell(page).open()
    expect(centre.host.locator("[part~=error]")).to_have_text("Could not load.")

    page.unroute("**/api/notifications?*")
    centre.button("Try again").click()

    expect(centre.host.locator("[part~=error]")).to_have_count(0)
    expect(centre.host.get_by_text("No notifications yet.")).to_be_visible()


def test_what_the_server_refuses_is_rolled_back(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    visitor = visit(ana)
    visitor.complaints.expect("400")
    page = live(visitor.open())
    refusal = {"detail": "No."}
    page.route(ACTIONS, lambda route: route.fulfill(status=400, json=refusal))
    centre = Bell(page).open()

    centre.button("Mark read", within=centre.row("Number 1")).click()

    expect(page.get_by_text("That did not work").first).to_be_visible()
    Bell(page).expect_count(2)


def test_escape_and_a_click_outside_close_it(visit: Visit, ana: Any) -> None:
    page = live(visit(ana).open())
    centre = Bell(page).open()
    page.keyboard.press("Escape")
    centre.expect_closed()

    Bell(page).open()
    page.locator("h1").click()
    centre.expect_closed()


@pytest.mark.performance
def test_it_opens_quickly_over_ten_thousand(visit: Visit, ana: Any) -> None:
    now = timezone.now()
    Notification.objects.bulk_create(
        Notification(recipient=ana, type="order_ready", subject=f"Number {number}", created_at=now)
        for number in range(10_000)
    )
    page = live(visit(ana).open())
    expect(Bell(page).count).to_have_text("99+")

    taken = []
    for _ in range(7):
        page.reload()
        live(page).wait_for_load_state("networkidle")
        taken.append(page.evaluate(OPEN_AND_PAINT))
    assert statistics.median(taken) <= 200, taken


OPEN_AND_PAINT = """async () => {
  const root = document.querySelector("notification-bell").shadowRoot
  const start = performance.now()
  root.querySelector("[part~=bell]").click()
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve))
  while (!root.querySelector("[part~=item]")) await frame()
  await frame()
  return performance.now() - start
}"""
