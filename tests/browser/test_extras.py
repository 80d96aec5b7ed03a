"""What a person can switch on: a sound, and the desktop's own notifications while the page is hidden."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from notifications.models import Preference
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, live
from tests.browser.probes import QUIET
from tests.browser.test_toasts import HIDE
from tests.browser.visitor import PREFERENCES

# A desktop and a loudspeaker that a test can look at.
DESKTOP = """
  globalThis.shown = []
  globalThis.Notification = class {
    static permission = "granted"
    static requestPermission = async () => "granted"
    constructor(title, options) { shown.push({ title, ...options }) }
    close() {}
  }
"""
LOUDSPEAKER = """
  globalThis.tones = 0
  AudioScheduledSourceNode.prototype.start = function () { tones += 1 }
  AudioScheduledSourceNode.prototype.stop = () => {}
"""


@pytest.fixture
def open_with(visit: Visit, ana: Any) -> Any:
    def opened(script: str, **preferences: Any) -> Any:
        Preference.objects.create(user=ana, **preferences)
        page = visit(ana).context.new_page()
        page.add_init_script(script)
        page.goto("/")
        return live(page)

    return opened


def test_a_hidden_page_tells_the_desktop(open_with: Any, door: Door, ana: Any) -> None:
    page = open_with(DESKTOP, desktop=True)
    page.evaluate(HIDE, True)

    door.send(ana, "The roof leaks", message="<b>Soon</b>", priority="critical")

    page.wait_for_function("() => shown.length === 1")
    [shown] = page.evaluate("shown")
    assert (shown["title"], shown["body"], shown["requireInteraction"]) == ("The roof leaks", "<b>Soon</b>", True)


def test_a_page_that_is_looked_at_does_not(open_with: Any, door: Door, ana: Any) -> None:
    page = open_with(DESKTOP, desktop=True)
    door.send(ana, "Hello")
    expect(page.locator("notification-toasts").get_by_text("Hello")).to_be_visible()
    assert page.evaluate("shown") == []


def test_nobody_is_disturbed_who_did_not_ask_for_it(open_with: Any, door: Door, ana: Any) -> None:
    page = open_with(DESKTOP + LOUDSPEAKER)
    page.evaluate(HIDE, True)
    door.send(ana, "Hello")
    Bell(page).expect_count(1)
    page.evaluate(HIDE, False)
    expect(page.locator("notification-toasts").get_by_text("Hello")).to_be_visible()
    assert page.evaluate("[shown.length, tones]") == [0, 0]


def test_two_notes_are_played(open_with: Any, door: Door, ana: Any) -> None:
    page = open_with(LOUDSPEAKER, sound=True)
    page.get_by_role("heading", level=1).click()  # browsers play nothing to people who have done nothing
    door.send(ana, "Hello")
    page.wait_for_function("() => tones === 2")


def test_what_is_not_wanted_makes_no_sound_and_is_not_on_the_desktop(open_with: Any, door: Door, ana: Any) -> None:
    page = open_with(DESKTOP + LOUDSPEAKER, desktop=True, sound=True, priority="critical_only")
    page.get_by_role("heading", level=1).click()
    page.evaluate(HIDE, True)
    door.send(ana, "Hello")
    door.send(ana, "The roof leaks", priority="critical")
    page.wait_for_function("() => shown.length > 0 && tones > 0")
    page.wait_for_function(QUIET)
    assert page.evaluate("shown.map(({ title }) => title)") == ["The roof leaks"]


def test_the_desktop_is_asked_at_the_click(visit: Visit, ana: Any) -> None:
    page = visit(ana).context.new_page()
    page.add_init_script(
        DESKTOP + 'Notification.permission = "default"; globalThis.asked = 0\n'
        'Notification.requestPermission = async () => { asked += 1; return (Notification.permission = "denied") }'
    )
    live(page.goto(PREFERENCES) and page)
    assert page.evaluate("asked") == 0
    page.locator("[name=desktop]").click()
    page.wait_for_function("() => asked === 1")
    expect(page.locator("[name=desktop]")).not_to_be_checked()
