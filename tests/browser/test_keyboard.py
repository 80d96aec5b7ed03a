"""The whole flow without a mouse, and the focus never lost."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from notifications.models import Inbox, Notification
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, Centre, History, Toasts, live
from tests.browser.sockets import wait_until

FOCUSED = """() => {
  let element = document.activeElement
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
  return element
}"""


def focused(page: Any) -> dict[str, Any]:
    """What has the focus: its tag, its text or name, and the id of the notification that it belongs to."""
    return page.evaluate(
        f"""() => {{
            const element = ({FOCUSED})()
            const row = element?.closest("[data-id]") ?? element?.getRootNode().host?.closest?.("[data-id]")
            return {{ tag: element?.localName, id: Number(row?.dataset.id ?? 0),
                name: element?.getAttribute("aria-label") || element?.textContent?.trim() || "",
                inside: Boolean(element?.getRootNode() !== document) }}
        }}"""
    )


def tab_to(page: Any, holds: Any, *, most: int = 40, key: str = "Tab") -> None:
    for _ in range(most):
        page.keyboard.press(key)
        if holds(focused(page)):
            return
    raise AssertionError(f"not reached with {most} x {key}; the focus is on {focused(page)}")


def open_by_keyboard(page: Any) -> Centre:
    tab_to(page, lambda element: "notification" in element["name"] and element["inside"])
    page.keyboard.press("Enter")
    return Centre(page).expect_open()


def tab_to_button(page: Any, name: str, number: int = 0) -> None:
    """The button of a row, or of the centre where no row is named; then press it."""
    tab_to(page, lambda element: element["name"] == name and number in (0, element["id"]))
    page.keyboard.press("Enter")


def test_the_whole_flow(visit: Visit, door: Door, ana: Any) -> None:
    """Find the bell, open it, read one, put one away, delete one and change one's mind, and go on where one was."""
    ids = door.send_some(ana, 4)
    page = live(visit(ana).open())

    centre = open_by_keyboard(page)
    centre.expect_subjects("Number 4", "Number 3", "Number 2", "Number 1")
    tab_to_button(page, "Mark read", ids[3])
    Bell(page).expect_count(3)
    assert focused(page)["name"] == "Mark unread", "the focus stays"
    page.keyboard.press("Enter")
    Bell(page).expect_count(4)

    tab_to_button(page, "Archive", ids[2])
    centre.expect_subjects("Number 4", "Number 2", "Number 1")
    Bell(page).expect_count(3)
    tab_to_button(page, "Delete", ids[1])
    centre.expect_subjects("Number 4", "Number 1")
    assert focused(page)["name"] == "Undo", "the focus is on what takes the row's place"
    page.keyboard.press("Enter")
    centre.expect_subjects("Number 4", "Number 2", "Number 1")

    page.keyboard.press("Escape")
    centre.expect_closed()
    wait_until(page, lambda: "unread notification" in focused(page)["name"], what="the focus is back on the bell")
    wait_until(page, lambda: Inbox.objects.get(user=ana).unread_count == 3)


def test_enter_follows_the_link_of_a_notification(visit: Visit, door: Door, ana: Any) -> None:
    door.send(ana, "Coffee is ready", url="/welcome?opened=keys")
    page = live(visit(ana).open())
    open_by_keyboard(page).expect_subjects("Coffee is ready")

    tab_to(page, lambda element: "Coffee is ready" in element["name"] and element["tag"] == "a")
    page.keyboard.press("Enter")

    page.wait_for_url("**/welcome?opened=keys")
    Bell(page).expect_count(0)


def test_tabs_by_arrows(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 1)
    page = live(visit(ana).open())
    centre = open_by_keyboard(page)
    centre.expect_subjects("Number 1")
    centre.tab("All").focus()

    for key, name in (
        ("ArrowRight", "Unread"),
        ("ArrowRight", "Read"),
        ("ArrowRight", "All"),
        ("End", "Read"),
        ("Home", "All"),
        ("ArrowLeft", "Read"),
    ):
        page.keyboard.press(key)
        expect(centre.tab(name)).to_be_focused()
        expect(centre.tab(name)).to_have_attribute("aria-selected", "true")
    assert centre.host.locator("[role=tab][tabindex='0']").count() == 1, "one stop of the Tab key"


def test_every_button_is_reached_by_tab(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 1)
    page = live(visit(ana).open())
    open_by_keyboard(page).expect_subjects("Number 1")

    names = [focused(page)["name"]]
    for key, times in (("Shift+Tab", 2), ("Tab", 9)):
        for _ in range(times):
            page.keyboard.press(key)
            names.append(focused(page)["name"])
    expected = ["Mark all read", "Close", "Mark read", "Archive", "Delete", "All notifications"]
    assert [name for name in expected if name not in names] == [], names


def test_help_lists_the_keys(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 1)
    page = History(live(visit(ana).open("/notifications/"))).ready().page

    page.keyboard.press("?")

    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    for text in ("Next notification", "Previous notification", "Archive", "Mark unread"):
        expect(dialog.get_by_text(text, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_toast_is_reached_and_closed(visit: Visit, door: Door, ana: Any) -> None:
    page = live(visit(ana).open())
    door.send(ana, "The roof leaks", priority="critical")
    toast = Toasts(page).toast("The roof leaks")
    expect(toast).to_be_visible()

    tab_to(page, lambda element: element["name"] == "Close")
    page.keyboard.press("Enter")

    expect(toast).to_be_hidden()


def test_keys_in_a_field_of_the_site_are_text(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    page = live(visit(ana).open("/notifications/"))
    field = page.locator("input[name=q]")
    field.focus()

    page.keyboard.type("jkeU?")

    expect(field).to_have_value("jkeU?")
    assert Notification.objects.filter(recipient=ana, archived_at=None).count() == 2


def test_single_keys_can_be_turned_off(visit: Visit, door: Door, ana: Any) -> None:
    """WCAG 2.1.4: who speaks to the computer would press them by talking."""
    door.send_some(ana, 2)
    visitor = visit(ana)
    page = live(visitor.open("/notifications/preferences/"))
    page.locator("[name=single_keys]").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[name=single_keys]")).not_to_be_checked()

    live(page.goto("/notifications/") and page)
    before = focused(page)
    for key in ("j", "e", "Shift+I", "?"):
        page.keyboard.press(key)

    assert focused(page) == before
    History(page).expect_subjects("Number 2", "Number 1")
    Bell(page).expect_count(2)


def test_the_history_by_single_keys(visit: Visit, door: Door, ana: Any) -> None:
    ids = door.send_some(ana, 3, url="/welcome?opened=history")
    page = History(live(visit(ana).open("/notifications/"))).ready().page

    for key, number in (("j", 3), ("j", 2), ("j", 1), ("j", 1), ("k", 2)):
        page.keyboard.press(key)
        assert focused(page)["id"] == ids[number - 1]
    page.keyboard.press("Shift+I")
    Bell(page).expect_count(2)
    page.keyboard.press("Shift+U")
    Bell(page).expect_count(3)
    page.keyboard.press("e")
    wait_until(page, lambda: Notification.objects.get(pk=ids[1]).archived_at)
    History(page).expect_subjects("Number 3", "Number 1")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/welcome?opened=history")
