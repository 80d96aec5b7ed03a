"""The bell: a number that is right on every page, in every tab, at every moment."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from notifications.inbox.retention import new_epoch
from notifications.inbox.services import archive, delete, mark_read
from notifications.models import Notification
from project.stock.models import Product
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, Toasts, live
from tests.browser.probes import SHIFTS
from tests.browser.sockets import wait_until


def test_it_moves_without_a_reload_and_only_ones_own(visit: Visit, door: Door, ana: Any, luis: Any) -> None:
    mine, theirs = live(visit(ana).open()), live(visit(luis).open())

    door.send(ana, "For Ana")

    Bell(mine).expect_count(1)
    Bell(theirs).expect_count(0)


def test_a_sale_on_the_page_reaches_the_owner(visit: Visit, ana: Any, luis: Any) -> None:
    honey = Product.objects.create(
        name="Honey", sku=uuid.uuid4().hex[:8], stock=4, low_stock_threshold=2, price=9, owner=luis
    )
    mine, theirs = live(visit(ana).open()), live(visit(luis).open())
    row = mine.locator(f"#product-{honey.pk}")

    for left in (3, 2):
        row.get_by_role("button").click()
        row.locator("[data-stock]", has_text=str(left)).wait_for()

    Bell(theirs).expect_count(1)
    Toasts(theirs).expect_subjects("Honey is running low")


def test_more_than_99_are_99_plus(visit: Visit, door: Door, ana: Any) -> None:
    Notification.objects.bulk_create(
        Notification(recipient=ana, type="order_ready", subject=f"Number {number}", created_at=timezone.now())
        for number in range(99)
    )
    page = live(visit(ana).open())
    Bell(page).expect_count(99)

    door.send(ana, "One more")

    expect(Bell(page).count).to_have_text("99+")
    expect(Bell(page).button).to_have_accessible_name("100 unread notifications")


def test_the_count_that_arrives_moves_nothing(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    visitor.context.add_init_script(SHIFTS)
    page = live(visitor.open())
    page.wait_for_load_state("networkidle")
    page.evaluate("() => { shifts.length = 0 }")

    for number in (1, 2):
        door.send(ana, f"Number {number}", priority="critical")
        Bell(page).expect_count(number)

    # Toasts make room for each other; the page may not move.
    assert [shift for shift in page.evaluate("shifts") if shift["nodes"] != ["NOTIFICATION-TOASTS."]] == []


def test_it_announces_with_pauses_and_apart_from_the_name(visit: Visit, door: Door, ana: Any) -> None:
    page = live(visit(ana).open())
    announcer = Bell(page).announcer
    expect(announcer).to_have_text("")

    door.send(ana, "Coffee is ready")
    expect(announcer).to_contain_text("Coffee is ready")

    page.evaluate(NOTE_WHAT_IS_SAID)
    for number in range(5):
        door.send(ana, f"Number {number}")
    Bell(page).expect_count(6)
    wait_until(page, lambda: page.evaluate("said.length") >= 1, what="the rest is announced")
    page.wait_for_function("() => performance.now() - said[0] > 2500")
    pauses = page.evaluate("said.slice(1).map((at, index) => at - said[index])")
    assert all(pause > 1_900 for pause in pauses), pauses


def test_what_arrives_between_rendering_and_connecting_is_there(visit: Visit, door: Door, ana: Any) -> None:
    """The page was drawn, the socket comes later: nothing in between is lost."""
    visitor = visit(ana)
    page = visitor.context.new_page()
    page.route("**/*.js", lambda route: (door.send(ana, f"{route.request.url[-20:]} loads"), route.continue_())[1])

    page.goto("/")

    live(page)
    page.unroute("**/*.js")
    expected = Notification.objects.filter(recipient=ana).count()
    assert expected > 0
    Bell(page).expect_count(expected)
    assert len(Bell(page).open().load_all()) == expected


def test_archive_delete_and_read_elsewhere_change_it(visit: Visit, door: Door, ana: Any) -> None:
    ids = door.send_some(ana, 4)
    page = live(visit(ana).open())
    centre = Bell(page).open()
    centre.expect_subjects("Number 4", "Number 3", "Number 2", "Number 1")

    archive(ana, [ids[0]])
    delete(ana, [ids[1]])
    mark_read(ana, [ids[2]])

    centre.expect_subjects("Number 4", "Number 3")
    Bell(page).expect_count(1)


def test_a_new_epoch_loads_everything_anew(visit: Visit, door: Door, ana: Any) -> None:
    page = live(visit(ana).open())
    door.send(ana, "Kept")
    Bell(page).expect_count(1)

    new_epoch([ana.pk])
    door.send(ana, "After the restore")

    Bell(page).expect_count(2)
    Bell(page).open().expect_subjects("After the restore", "Kept")


def test_back_to_an_earlier_page_shows_the_truth(visit: Visit, door: Door, ana: Any) -> None:
    ids = door.send_some(ana, 3)
    page = live(visit(ana).open())
    Bell(page).expect_count(3)

    page.goto("/notifications/")
    mark_read(ana, ids[:2])
    Bell(page).expect_count(1)
    page.go_back()

    live(page)
    Bell(page).expect_count(1)
    page.go_forward()
    Bell(live(page)).expect_count(1)


@pytest.mark.parametrize("tag", ["notification-bell", "notification-toasts"])
def test_it_is_there_once(visit: Visit, ana: Any, tag: str) -> None:
    page = live(visit(ana).open())
    expect(page.locator(tag)).to_have_count(1)


def test_strangers_see_none(visit: Visit, ana: Any) -> None:
    page = visit(None).open("/welcome")
    expect(page.locator("notification-bell")).to_have_count(0)


def test_a_session_that_ends_is_said(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    page = live(visitor.open())
    visitor.complaints.expect("401", "403")

    ana.is_active = False
    ana.save()

    Bell(page).expect_state("signed-out", seconds=15)
    text = Bell(page).open().host.inner_text()
    assert "You are signed out." in text


NOTE_WHAT_IS_SAID = """() => {
  globalThis.said = []
  const region = document.querySelector("[data-notifications-announcer]").shadowRoot.querySelector("[role=status]")
  new MutationObserver(() => region.textContent && said.push(performance.now())).observe(
    region, { childList: true, characterData: true, subtree: true })
}"""
