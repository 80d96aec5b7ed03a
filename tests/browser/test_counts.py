"""What was sent several times, and is one row: it says how often, in each place where it is shown."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from notifications.models import Notification
from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, History, live
from tests.browser.visitor import HISTORY


def expect_accessible(page: Any) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        axe.assert_none(page, where=scheme)


def test_the_centre_counts_on_in_place(visit: Visit, door: Door, ana: Any) -> None:
    first = door.send(ana, "Two left")
    door.send(ana, "Other")
    page = live(visit(ana, reduced_motion="reduce").open())
    centre = Bell(page).open()
    mark = centre.rows.last.locator("[part~=count]")
    expect(mark).to_be_hidden()
    centre.button("Archive", within=centre.rows.last).focus()

    Notification.objects.filter(pk=first).update(count=3, subject="None left")

    expect(mark).to_have_text("×3")
    expect(mark).to_have_accessible_name("3 times")
    centre.expect_subjects("Other", "None left")
    expect(centre.button("Archive", within=centre.rows.last)).to_be_focused()
    Bell(page).expect_count(2)
    expect_accessible(page)


def test_the_history_says_it_as_it_was_rendered_and_counts_on(visit: Visit, door: Door, ana: Any) -> None:
    first, second = door.send_some(ana, 2, subject="{} left", message="Order more")
    Notification.objects.filter(pk=second).update(count=2)
    history = History(live(visit(ana, reduced_motion="reduce").open(HISTORY)))
    once, twice = history.rows.last, history.rows.first
    expect(twice.get_by_role("img", name="2 times", exact=True)).to_have_text("×2")
    expect(once.locator("[data-field=count]")).to_be_hidden()

    Notification.objects.filter(pk=first).update(
        count=1000, subject="<b>None</b> left", message="At once", url="/stock"
    )

    expect(once.get_by_role("img", name="1000 times", exact=True)).to_have_text("×1000")
    history.expect_subjects("2 left", "<b>None</b> left")
    expect(once.locator("[data-field=subject]")).to_have_attribute("href", "/stock")
    expect(once.locator("[data-field=message]")).to_have_text("At once")
    expect_accessible(history.page)
