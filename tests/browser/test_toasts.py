"""Toasts: each notification pops up once, in one tab, and stays as long as it can be read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from playwright.sync_api import expect

from notifications import send_notification
from notifications.models import Mute, Notification
from notifications.preferences.services import update_preferences
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, Toasts, live
from tests.browser.probes import QUIET

HIDE = """hidden => {
  Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true })
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true })
  document.dispatchEvent(new Event("visibilitychange"))
}"""


@pytest.fixture
def page(visit: Visit, ana: Any) -> Any:
    """Ana's dashboard, whose clock is in the test's hands."""
    opened = visit(ana).context.new_page()
    opened.clock.install()
    opened.goto("/")
    return live(opened)


def test_three_at_most_and_the_rest_together(page: Any, door: Door, ana: Any) -> None:
    door.send_some(ana, 5, priority="critical")

    expect(Toasts(page).each).to_have_count(3)
    expect(Toasts(page).host.get_by_text("and 2 more")).to_be_visible()


@pytest.mark.parametrize(("priority", "seconds"), [("low", 6), ("medium", 6), ("high", 10)])
def test_it_goes_after_its_time(page: Any, door: Door, ana: Any, priority: str, seconds: int) -> None:
    door.send(ana, "Coffee is ready", priority=priority)
    toast = Toasts(page).toast("Coffee is ready")
    expect(toast).to_be_visible()

    page.clock.fast_forward((seconds - 2) * 1000)
    expect(toast).to_be_visible()
    page.clock.fast_forward(2_500)
    expect(toast).to_be_hidden()


def test_a_critical_one_stays_until_closed(page: Any, door: Door, ana: Any) -> None:
    door.send(ana, "The roof leaks", priority="critical")
    toast = Toasts(page).toast("The roof leaks")
    expect(toast).to_be_visible()

    page.clock.fast_forward(3_600_000)

    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_be_hidden()
    Bell(page).expect_count(1)


@pytest.mark.parametrize("pause", ["hover", "focus", "hidden tab"])
def test_it_waits_for_whoever_looks_at_it(page: Any, door: Door, ana: Any, pause: str) -> None:
    door.send(ana, "Coffee is ready")
    toast = Toasts(page).toast("Coffee is ready")
    expect(toast).to_be_visible()

    if pause == "hover":
        toast.hover()
    elif pause == "focus":
        toast.get_by_role("button").first.focus()
    else:
        page.evaluate(HIDE, True)
    page.clock.fast_forward(60_000)
    expect(toast).to_be_visible()

    if pause == "hover":
        page.mouse.move(1, 1)
    elif pause == "focus":
        Bell(page).button.focus()
    else:
        page.evaluate(HIDE, False)
    page.clock.fast_forward(10_500)
    expect(toast).to_be_hidden()


def test_none_while_the_centre_is_open(page: Any, door: Door, ana: Any) -> None:
    centre = Bell(page).open()

    door.send(ana, "Coffee is ready", priority="critical")

    expect(centre.host.get_by_role("button", name="1 new")).to_be_visible()
    expect(Toasts(page).each).to_have_count(0)


def test_a_click_means_read_and_follows_the_address(page: Any, door: Door, ana: Any) -> None:
    door.send(ana, "Coffee is ready", url="/welcome?opened=toast")

    Toasts(page).toast("Coffee is ready").get_by_role("link").click()

    page.wait_for_url("**/welcome?opened=toast")
    Bell(page).expect_count(0)


def test_what_is_read_elsewhere_goes(page: Any, door: Door, ana: Any, visit: Visit) -> None:
    door.send(ana, "Coffee is ready", priority="critical")
    toast = Toasts(page).toast("Coffee is ready")
    expect(toast).to_be_visible()

    elsewhere = live(visit(ana).open())
    Bell(elsewhere).open().button("Mark all read").click()

    Bell(page).expect_count(0)
    expect(toast).to_be_hidden()


def test_silent_ones_are_counted_only(page: Any, door: Door, ana: Any) -> None:
    door.send(ana, "Quiet", channels=["in_app"])
    door.send(ana, "Loud", priority="critical")

    Toasts(page).expect_subjects("Loud")
    Bell(page).expect_count(2)


def test_one_tab_of_several_shows_it(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    pages = [live(visitor.open()) for _ in range(3)]

    door.send(ana, "Coffee is ready", priority="critical")

    for page in pages:
        Bell(page).expect_count(1)
    shown = [Toasts(page).toast("Coffee is ready").count() for page in pages]
    assert sorted(shown) == [0, 0, 1]


def test_what_arrives_between_two_pages_pops_up_on_the_second(page: Any, door: Door, ana: Any) -> None:
    """While no page of the site was open in this tab, for half a minute at most."""
    page.goto("about:blank")
    door.send(ana, "On the way", priority="critical")

    page.goto("/notifications/")

    Toasts(page).expect_subjects("On the way")


def test_what_was_unread_before_does_not_pop_up(visit: Visit, door: Door, ana: Any) -> None:
    door.send(ana, "Old", priority="critical")
    page = live(visit(ana).open())

    door.send(ana, "New", priority="critical")

    Toasts(page).expect_subjects("New")
    live(page.reload() and page)
    expect(Toasts(page).each).to_have_count(0)


def test_a_dialog_of_the_site_holds_it(page: Any, door: Door, ana: Any) -> None:
    """Under a modal dialog a toast is painted but cannot be clicked, so its time waits until the dialog closes."""
    page.evaluate(
        """() => { const dialog = document.createElement("dialog"); dialog.textContent = "Sure?"
            document.body.append(dialog); dialog.showModal() }"""
    )
    door.send(ana, "Coffee is ready")
    toast = Toasts(page).toast("Coffee is ready")
    expect(toast).to_be_visible()
    page.clock.fast_forward(60_000)
    expect(toast).to_be_visible()

    page.evaluate("document.querySelector('dialog').close()")

    page.clock.fast_forward(10_500)
    expect(toast).to_be_hidden()


UNWANTED = {
    "its type": {"types": {"order_ready": False}},
    "its type on pages": {"matrix": {"order_ready": {"websocket": False}}},
    "everything on pages": {"channels": {"websocket": False}},
    "its priority": {"priority": "high_or_critical"},
    "a pause": {"paused_until": "2099-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("why", UNWANTED)
def test_what_is_not_wanted_is_counted_only(visit: Visit, door: Door, ana: Any, why: str) -> None:
    update_preferences(ana, UNWANTED[why])
    page = live(visit(ana).open())

    door.send(ana, "Not wanted")

    Bell(page).expect_count(1)
    page.wait_for_function(QUIET)
    expect(Toasts(page).each).to_have_count(0)
    expect(Bell(page).announcer).not_to_contain_text("Not wanted")
    Bell(page).open().expect_subjects("Not wanted")


@pytest.mark.parametrize("what", ["type", "target"])
def test_what_is_muted_is_counted_only(visit: Visit, ana: Any, luis: Any, what: str) -> None:
    muted: dict[str, Any] = {"type": "order_ready"}
    if what == "target":
        muted = {"target_type": ContentType.objects.get_for_model(luis), "target_id": str(luis.pk)}
    Mute.objects.create(user=ana, until=timezone.now() + timedelta(hours=1), **muted)
    page = live(visit(ana).open())

    send_notification(ana, "order_ready", "Muted", target=luis, priority="critical")
    send_notification(ana, "stock_alert", "Not muted", target=ana, priority="critical")

    Toasts(page).expect_subjects("Not muted")
    Bell(page).expect_count(2)
    page.wait_for_function(QUIET)
    Toasts(page).expect_subjects("Not muted")


def test_quiet_hours_begin_while_the_page_is_open(visit: Visit, door: Door, ana: Any) -> None:
    night = {"quiet_hours_enabled": True, "quiet_hours_start": "22:00", "quiet_hours_end": "07:00"}
    update_preferences(ana, {**night, "time_zone": "Asia/Kathmandu"})
    page = visit(ana).context.new_page()
    page.clock.install(time="2026-03-01T16:14:00Z")  # 21:59 there
    page.goto("/")
    live(page)
    door.send(ana, "In the evening")
    Toasts(page).expect_subjects("In the evening")

    page.clock.set_system_time("2026-03-01T16:15:00Z")
    door.send(ana, "At night")
    door.send(ana, "The roof leaks", priority="critical")

    expect(Toasts(page).toast("The roof leaks")).to_be_visible()
    Bell(page).expect_count(3)
    expect(Toasts(page).toast("At night")).to_have_count(0)


def test_what_is_sent_again_says_so_where_it_is_and_does_not_pop_up_anew(page: Any, door: Door, ana: Any) -> None:
    pk = door.send(ana, "Two left", priority="critical")
    toast = Toasts(page).toast("left")
    expect(toast).to_have_text("CriticalTwo left")

    Notification.objects.filter(pk=pk).update(count=2, subject="One left", message="Order more")
    expect(toast).to_have_text("CriticalOne left×2Order more")
    expect(toast.get_by_role("img", name="2 times")).to_be_visible()

    toast.get_by_role("button", name="Close").click()
    Notification.objects.filter(pk=pk).update(count=3)
    page.wait_for_function(
        "id => document.querySelector('notification-bell').session.store.row(id).count === 3", arg=pk
    )
    page.wait_for_function(QUIET)
    expect(Toasts(page).each).to_have_count(0)
    Bell(page).expect_count(1)
