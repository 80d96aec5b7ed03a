"""The same flow on the other engines: log in, live update, mark read, keyboard, popover, Spanish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from notifications.models import Inbox
from tests.browser.door import Door
from tests.browser.smoke.driver import Screen
from tests.browser.smoke.engines import ENGINES

BELL = "[part~=bell]"
ROW = "notification-centre [part~=item]"
SUBJECT = f"{ROW} [part~=subject] bdi"


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    with ENGINES[request.param]("en-US") as driver:
        driver.set_window_size(1200, 900)
        yield driver


@pytest.fixture
def screen(engine: Any, site: Any, ana: Any) -> Iterator[Screen]:
    """A window in which Ana has logged in."""
    client = Client()
    client.force_login(ana)
    window = Screen(engine, site.http)
    window.log_in(client.cookies["sessionid"].value)
    yield window
    complaints = window.complaints()
    engine.get("about:blank")  # nobody is connected when the tables are emptied
    assert complaints == []


def open_dashboard(screen: Screen) -> None:
    screen.open("/")
    screen.wait_for("notification-bell[data-state=live]", seconds=20)


def test_a_send_shows_at_once(screen: Screen, door: Door, ana: Any) -> None:
    open_dashboard(screen)

    door.send(ana, "Coffee is ready", priority="critical")

    screen.wait_for(BELL, "1 unread notification", seconds=3)
    screen.wait_for("[part~=toast]", "Coffee is ready")
    assert screen.texts("[part~=badge]") == ["1"]


def test_mark_read_in_the_popover(screen: Screen, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    open_dashboard(screen)

    screen.click(BELL)
    screen.wait_for(SUBJECT, "Number 3")
    assert screen.texts(SUBJECT) == ["Number 3", "Number 2", "Number 1"]
    screen.click("[part~=text-button], button", "Mark all read")
    screen.wait_for(BELL, "No unread notifications")
    screen.wait(lambda: Inbox.objects.get(user=ana).unread_count == 0, what="the server knows")

    screen.press("Escape")
    screen.wait_until_gone("notification-centre")


def test_the_keyboard_alone(screen: Screen, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    open_dashboard(screen)

    for _ in range(20):
        screen.press("Tab")
        if "unread notification" in (screen.focused() or "") or screen.find(f"{BELL}:focus"):
            break
    screen.press("Enter")
    screen.wait_for(SUBJECT, "Number 3")
    for _ in range(20):
        screen.press("Tab")
        if screen.find(f"{ROW} [data-do=mark_read]:focus"):
            break
    screen.press("Enter")
    screen.wait_for(BELL, "2 unread notifications")
    screen.press("Escape")
    screen.wait_until_gone("notification-centre")
    assert screen.find(f"{BELL}:focus"), "the focus is back on the bell"


def test_single_keys_in_the_history(screen: Screen, door: Door, ana: Any) -> None:
    door.send_some(ana, 3)
    screen.open("/notifications/")
    screen.wait_for("notification-bell[data-state=live]", seconds=20)
    screen.wait_for("main li[data-id][tabindex]")

    screen.press("j")
    screen.wait_for("main li[data-id]:focus", "Number 3")
    screen.press("j")
    screen.wait_for("main li[data-id]:focus", "Number 2")
    screen.press("Shift+I")
    screen.wait_for(BELL, "2 unread notifications")
    screen.press("e")
    screen.wait_until_gone("main li[data-id]", "Number 2")


def test_the_popover_stays_in_the_window(screen: Screen, door: Door, ana: Any) -> None:
    door.send_some(ana, 25)
    open_dashboard(screen)
    screen.click(BELL)
    panel = screen.wait_for("notification-centre")
    screen.wait_for(SUBJECT, "Number 25")

    box = panel.rect

    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 1200
    assert box["y"] + box["height"] <= 900
    screen.click("h1")
    screen.wait_until_gone("notification-centre")


def test_spanish(screen: Screen, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    screen.set_language("es")
    open_dashboard(screen)

    assert screen.language == "es"
    screen.wait_for(BELL, "2 notificaciones sin leer")
    screen.click(BELL)
    screen.wait_for("[role=tab]", "Sin leer")


def test_the_pages_are_alive(screen: Screen, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    screen.open("/notifications/")
    screen.wait_for("notification-bell[data-state=live]", seconds=20)
    screen.wait_for("main li[data-id][tabindex]")

    screen.click("main li[data-id] button[value^='mark_read:']")
    screen.wait_for(BELL, "1 unread notification")
    screen.wait(lambda: Inbox.objects.get(user=ana).unread_count == 1, what="the server knows")
