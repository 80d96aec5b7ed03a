"""The preferences: one plain form that says what it saved, and what it did not."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from notifications.models import Notification
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, live
from tests.browser.visitor import PREFERENCES


@pytest.fixture
def page(visit: Visit, ana: Any) -> Any:
    return live(visit(ana).open(PREFERENCES))


def save(page: Any) -> None:
    page.get_by_role("button", name="Save preferences").click()


def test_everything_is_kept(page: Any) -> None:
    page.locator("[name=priority][value=critical_only]").check()
    page.locator("[name=frequency][value=daily]").check()
    page.locator("[name=matrix][value='order_ready:email']").uncheck()
    page.locator("[name=types][value=price_change]").uncheck()
    page.locator("[name=quiet_hours_enabled]").check()
    page.locator("[name=quiet_hours_start]").fill("21:30")
    page.locator("[name=quiet_hours_end]").fill("06:15")
    page.locator("[name=time_zone]").select_option("Europe/Madrid")
    save(page)

    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    live(page.reload() and page)
    expect(page.locator("[name=priority][value=critical_only]")).to_be_checked()
    expect(page.locator("[name=frequency][value=daily]")).to_be_checked()
    expect(page.locator("[name=matrix][value='order_ready:email']")).not_to_be_checked()
    expect(page.locator("[name=matrix][value='stock_alert:email']")).to_be_checked()
    expect(page.locator("[name=types][value=price_change]")).not_to_be_checked()
    expect(page.locator("[name=quiet_hours_enabled]")).to_be_checked()
    expect(page.locator("[name=quiet_hours_start]")).to_have_value("21:30")
    expect(page.locator("[name=quiet_hours_end]")).to_have_value("06:15")
    expect(page.locator("[name=time_zone]")).to_have_value("Europe/Madrid")


def test_when_what_is_together_comes_is_asked_only_where_something_is(page: Any) -> None:
    clock, weekday = page.locator("[name=digest_time]"), page.locator("[name=digest_weekday]")
    expect(clock).to_be_hidden()
    page.locator("[name=frequency][value=daily]").check()
    expect(clock).to_be_visible()
    expect(weekday).to_be_hidden()
    page.locator("[name=frequency][value=weekly]").check()
    expect(weekday).to_be_visible()
    clock.fill("18:45")
    weekday.select_option("Sunday")
    save(page)
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    expect(clock).to_have_value("18:45")
    expect(weekday).to_have_value("6")


def test_what_is_wrong_out_of_sight_comes_into_sight(page: Any, complaints: Any) -> None:
    complaints.expect("422")
    page.locator("[name=frequency][value=daily]").check()
    page.locator("[name=digest_time]").fill("")
    page.locator("[name=frequency][value=instant]").check()
    save(page)
    page.get_by_role("link", name="Together at").click()
    expect(page.locator("[name=digest_time]")).to_be_focused()


def test_what_nobody_can_switch_off_cannot_be_switched_off(page: Any) -> None:
    cell = page.locator("[name=matrix][value='system_alert:email']")
    expect(cell).to_be_checked()
    expect(cell).to_be_disabled()
    expect(cell).to_have_accessible_name("System alert: E-mail (always)")
    save(page)
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    expect(cell).to_be_checked()


def test_what_is_wrong_is_named_and_nothing_is_saved(page: Any, complaints: Any) -> None:
    complaints.expect("422")
    page.locator("[name=priority][value=critical_only]").check()
    page.locator("[name=quiet_hours_enabled]").check()
    page.locator("[name=quiet_hours_start]").fill("")
    save(page)

    expect(page.get_by_role("alert").filter(has_text="Nothing was saved yet.")).to_be_visible()
    start = page.locator("[name=quiet_hours_start]")
    expect(start).to_have_attribute("aria-invalid", "true")
    described = start.get_attribute("aria-describedby")
    expect(page.locator(f"#{described.split()[0]}")).to_be_visible()
    expect(page.locator("[name=priority][value=critical_only]")).to_be_checked()
    page.get_by_role("link", name="Quiet from").click()
    expect(start).to_be_focused()

    live(page.goto(PREFERENCES) and page)
    expect(page.locator("[name=priority][value=all]")).to_be_checked()


def test_a_pause_is_said_and_ended(page: Any) -> None:
    page.locator("[name=paused_until]").fill("2099-01-02T03:04")
    save(page)
    expect(page.get_by_text("Everything is paused until")).to_be_visible()

    page.locator("[name=paused_until]").fill("")
    save(page)
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    expect(page.get_by_text("Everything is paused until")).to_have_count(0)


def test_clear_all_asks_first(page: Any, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    Bell(page).expect_count(3)
    button = page.get_by_role("button", name="Delete all notifications")

    button.click()
    assert Notification.objects.filter(recipient=ana, deleted_at=None).count() == 3

    page.get_by_label("I am sure.").check()
    button.click()
    expect(page.get_by_text("3 notifications deleted.")).to_be_visible()
    Bell(page).expect_count(0)
