"""axe finds nothing: every page and state, light and dark, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from notifications.models import Delivery
from notifications.preferences.mutes import mute
from tests.browser import axe
from tests.browser.complaints import NETWORK
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, History, Toasts, live
from tests.browser.visitor import ADMIN, DASHBOARD, HISTORY, PREFERENCES, Visitor

LIST = "**/api/notifications?*"
BELL_AND_TOASTS = "notification-bell"  # the rest of the admin is Django's


def rows(door: Door, user: Any) -> None:
    """One of each priority, with and without a link and a message."""
    for number, priority in enumerate(("low", "medium", "high", "critical")):
        door.send(user, f"Number {number}", priority=priority, url="/" if number % 2 else "", message="Words " * number)


def closed(visitor: Visitor, door: Door) -> Any:
    rows(door, visitor.user)
    return live(visitor.open(DASHBOARD))


def opened(visitor: Visitor, door: Door) -> Any:
    page = closed(visitor, door)
    centre = Bell(page).open()
    expect(centre.rows).to_have_count(4)
    centre.rows.nth(1).locator("button").first.click()  # one of them read
    return page


def empty(visitor: Visitor, door: Door) -> Any:
    page = live(visitor.open(DASHBOARD))
    centre = Bell(page).open()
    expect(centre.host.locator("[part~=blank]")).to_be_visible()
    return page


def failed(visitor: Visitor, door: Door) -> Any:
    visitor.complaints.expect(NETWORK)
    page = live(visitor.open(DASHBOARD))
    page.route(LIST, lambda route: route.abort())
    Bell(page).open()
    page.locator("notification-centre [part~=blank] button").wait_for()
    return page


def toasts(visitor: Visitor, door: Door) -> Any:
    page = live(visitor.open(DASHBOARD))
    for number in range(5):
        door.send(visitor.user, f"Number {number}", priority="critical", message="Words", url="/" if number % 2 else "")
    expect(Toasts(page).each).to_have_count(3)
    Bell(page).expect_count(5)
    return page


def undo(visitor: Visitor, door: Door) -> Any:
    page = opened(visitor, door)
    page.locator("notification-centre [part~=item] [data-do=delete]").first.click()
    expect(page.locator("notification-centre [part~=ghost]")).to_be_visible()
    return page


def fresh(visitor: Visitor, door: Door) -> Any:
    page = opened(visitor, door)
    door.send(visitor.user, "Fresh")
    expect(page.locator("notification-centre [part~=fresh]")).to_be_visible()
    return page


def keys(visitor: Visitor, door: Door) -> Any:
    page = History(history(visitor, door)).ready().page
    page.keyboard.press("?")
    expect(page.locator(".notifications-keys")).to_be_visible()
    return page


def history(visitor: Visitor, door: Door) -> Any:
    rows(door, visitor.user)
    return live(visitor.open(HISTORY))


def history_empty(visitor: Visitor, door: Door) -> Any:
    return live(visitor.open(f"{HISTORY}?state=archived&q=nothing"))


def history_wrong(visitor: Visitor, door: Door) -> Any:
    visitor.complaints.expect("400")
    return live(visitor.open(f"{HISTORY}?from=2026-02-01&to=2026-01-01"))


def preferences(visitor: Visitor, door: Door) -> Any:
    return live(visitor.open(PREFERENCES))


def preferences_wrong(visitor: Visitor, door: Door) -> Any:
    visitor.complaints.expect("422")
    page = preferences(visitor, door)
    page.locator("[name=quiet_hours_enabled]").check()
    page.locator("[name=quiet_hours_start]").fill("")
    page.locator("[name=paused_until]").fill("2000-01-01T00:00")
    page.locator("button[value=save]").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    return live(page)


def preferences_full(visitor: Visitor, door: Door) -> Any:
    mute(visitor.user, type="stock_alert")
    page = preferences(visitor, door)
    page.locator("[name=frequency][value=weekly]").check()
    return page


def why(visitor: Visitor, door: Door) -> Any:
    """One that has failed, one that waits, one that is muted."""
    pk = door.send(visitor.user, "Sold out", url="/", channels=["in_app", "websocket"])
    for channel, fields in {
        "email": {"status": "failed", "reason": "gave_up", "attempts": 8, "answer": "550 no such user"},
        "sms": {"reason": "retry", "attempts": 1, "due_at": datetime(2998, 3, 12, tzinfo=UTC)},
    }.items():
        Delivery.objects.create(notification_id=pk, recipient=visitor.user, channel=channel, **fields)
    mute(visitor.user, type="stock_alert")
    return live(visitor.open(f"{HISTORY}{pk}/why/"))


STATES = [closed, opened, empty, failed, toasts, undo, fresh, keys]
STATES += [history, history_empty, history_wrong, preferences, preferences_full, preferences_wrong, why]


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing(
    visit: Visit, door: Door, ana: Any, state: Callable[[Visitor, Door], Any], locale: str
) -> None:
    page = state(visit(ana, locale=locale, reduced_motion="reduce"), door)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        axe.assert_none(page, where=f"{state.__name__}, {scheme}, {locale}")


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_axe_finds_nothing_in_the_header_of_the_admin(visit: Visit, door: Door, staff: Any, locale: str) -> None:
    rows(door, staff)
    page = live(visit(staff, locale=locale, reduced_motion="reduce").open(ADMIN))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        axe.assert_none(page, BELL_AND_TOASTS, where=f"closed, {scheme}, {locale}")
    Bell(page).open()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        axe.assert_none(page, BELL_AND_TOASTS, where=f"open, {scheme}, {locale}")


def test_the_log_in_page_too(visit: Visit, ana: Any) -> None:
    page = visit(None).open("/welcome")
    axe.assert_none(page)
