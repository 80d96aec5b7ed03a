"""English and Spanish: pages, elements and what the server says; by the browser's wish, or by the person's choice."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, Toasts, live, strings
from tests.browser.visitor import ADMIN, DASHBOARD, HISTORY, PREFERENCES

SPANISH = {"locale": "es-ES"}

# The same in both languages, or nothing but a placeholder.
SAME = {"announce"}


def test_the_browsers_wish_is_followed(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    page = live(visit(ana, **SPANISH).open())

    assert page.locator("html").get_attribute("lang") == "es"
    expect(Bell(page).button).to_have_accessible_name("2 notificaciones sin leer")
    centre = Bell(page).open()
    expect(centre.host.get_by_role("tab")).to_have_text(["Todas", "Sin leer 2", "Leídas"])
    expect(centre.rows.first.locator("time")).to_have_text("ahora")
    door.send(ana, "Tercera")
    expect(Bell(page).button).to_have_accessible_name("3 notificaciones sin leer")


def test_the_persons_choice_is_stronger(visit: Visit, ana: Any) -> None:
    page = live(visit(ana, **SPANISH).open())

    page.get_by_role("button", name="English").click()

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(Bell(live(page)).button).to_have_accessible_name("No unread notifications")
    page.goto(HISTORY)
    expect(page.get_by_role("heading", level=1)).to_have_text("Notifications")


def test_every_text_of_the_elements_is_translated(visit: Visit, ana: Any) -> None:
    english, spanish = strings(visit(ana).open()), strings(visit(ana, **SPANISH).open())

    assert english.keys() == spanish.keys()
    assert {key for key in english if english[key] == spanish[key]} == SAME


@pytest.mark.parametrize(
    ("path", "heading"),
    [(HISTORY, "Notificaciones"), (PREFERENCES, "Preferencias de notificación"), (DASHBOARD, None)],
)
def test_the_pages_hold_no_english(visit: Visit, door: Door, ana: Any, path: str, heading: str | None) -> None:
    """Every text of the English page that is not a name is another in Spanish."""
    door.send(ana, "Nombre propio")
    here, there = live(visit(ana).open(path)), live(visit(ana, **SPANISH).open(path))

    if heading:
        expect(there.get_by_role("heading", level=1)).to_have_text(heading)
    same = set(texts(here)) & set(texts(there))
    allowed = {"Nombre propio", "English", "Español", "SMS", "Push", "Webhook", "Stock", "Admin", "No", ana.username}
    assert {text for text in same if not is_a_name(text)} <= allowed


def texts(page: Any) -> list[str]:
    return page.evaluate(
        """() => {
            const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT)
            const found = []
            while (walker.nextNode()) {
                if (walker.currentNode.parentElement.closest("select[name=time_zone], script, template")) continue
                found.push(walker.currentNode.data.trim())
            }
            return found.filter(text => /\\p{L}{2}/u.test(text))
        }"""
    )


def is_a_name(text: str) -> bool:
    return text.isupper() or text.startswith(("/", "Select: ", "Nombre"))


def test_toasts_and_messages_of_the_server(visit: Visit, door: Door, ana: Any) -> None:
    page = live(visit(ana, **SPANISH).open(PREFERENCES))
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_role("status").filter(has_text="guardado").first).to_be_visible()

    live(page)
    door.send(ana, "El tejado gotea", priority="critical")
    toast = Toasts(page).toast("El tejado gotea")
    expect(toast.get_by_role("button", name="Cerrar")).to_be_visible()


def test_the_bell_in_the_admin(visit: Visit, door: Door, staff: Any) -> None:
    door.send(staff, "Hola")
    page = live(visit(staff, **SPANISH).open(ADMIN))

    expect(Bell(page).button).to_have_accessible_name("1 notificación sin leer")
