"""From a notification to why it came, and to hearing less of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from notifications.models import Delivery, Mute
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import History, live
from tests.browser.test_layout import BEYOND, PHONE
from tests.browser.visitor import HISTORY, PREFERENCES


def test_why_mute_and_unmute(visit: Visit, door: Door, ana: Any) -> None:
    door.send(ana, "Sold out", notification_type="stock_alert")
    page = live(visit(ana).open(HISTORY))
    History(page).row("Sold out").get_by_role("link", name="Why did I get “Sold out”?").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Why did I get this?")
    ways = page.locator(".notifications-why tbody tr")
    expect(ways.locator("th")).to_have_text(["List of notifications", "Pop-up", "E-mail"])
    expect(ways.last).to_contain_text("There is no address")  # Ana has told nobody her e-mail

    group = page.get_by_role("group", name="All notifications of the type “Out of stock”")
    group.get_by_role("button", name="Mute for a week").click()
    expect(page.get_by_text(re.compile("^Muted until"))).to_be_visible()
    expect(ways.nth(1)).to_contain_text("it does not pop up: This type of notification")
    assert Mute.objects.get().type == "stock_alert"

    page.goto(PREFERENCES)
    page.get_by_role("button", name="Unmute “Out of stock”").click()
    expect(page.get_by_text("It is muted no more.")).to_be_visible()
    assert not Mute.objects.exists()


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_it_fits_a_phone(visit: Visit, door: Door, ana: Any, locale: str) -> None:
    pk = door.send(ana, "A" * 200, notification_type="stock_alert", channels=["in_app"])
    Delivery.objects.create(
        notification_id=pk, recipient=ana, channel="email", status="sent", attempts=8, answer="250 " + "x" * 200
    )
    page = live(visit(ana, locale=locale, **PHONE).open(f"{HISTORY}{pk}/why/"))
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate(BEYOND) == []


def test_the_list_fits_a_phone_in_spanish(visit: Visit, door: Door, ana: Any) -> None:
    door.send(ana, "Se han agotado las tazas de gres", notification_type="stock_alert")
    page = live(visit(ana, locale="es-ES", **PHONE).open(HISTORY))
    assert page.evaluate(BEYOND) == []
