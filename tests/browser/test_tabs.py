"""Many tabs of one browser: one socket, one voice, and the same truth in each."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

from playwright.sync_api import expect

from notifications.preferences.services import update_preferences
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, Centre, Toasts, live
from tests.browser.probes import NEWS, POPPED, QUIET
from tests.browser.sockets import wait_until
from tests.browser.visitor import Visitor

# The lock by which the tabs agree who shows the next notification.
TAKE_NEXT = """() => {
  const { user, stream } = document.querySelector("notification-bell").session
  const name = `notifications:announced:${user}:${stream.cursor.epoch}:${stream.cursor.since + 1}`
  return new Promise(taken => navigator.locks.request(name, () => (taken(), new Promise(() => {}))))
}"""
SWAP_BELL_OUT = """() => {
  globalThis.bell = document.querySelector("notification-bell")
  bell.remove()
  document.dispatchEvent(new Event("turbo:load"))
}"""
SWAP_BELL_IN = "() => document.querySelector('main').append(bell)"
SWAP = """async () => {
  const answer = await fetch(location.href)
  const next = new DOMParser().parseFromString(await answer.text(), "text/html")
  document.body.replaceChildren(...next.body.childNodes)
}"""


def one_socket(visitor: Visitor) -> Any:
    """The page that holds the only socket."""
    page = visitor.tabs[-1]
    wait_until(page, lambda: len(visitor.sockets.open) == 1, what=f"one socket, not {len(visitor.sockets.open)}")
    return visitor.sockets.open[0][0]


def test_twelve_tabs_share_one_socket(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    pages = [live(visitor.open()) for _ in range(12)]
    one_socket(visitor)
    assert len(visitor.sockets.opened) == 1

    door.send(ana, "For all")

    for page in pages:
        Bell(page).expect_count(1)


def test_the_next_tab_takes_over_within_a_second(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    for _ in range(3):
        live(visitor.open())

    for left in (2, 1):
        one_socket(visitor).close()
        witness = visitor.tabs[0]
        taken = wait_until(witness, lambda: len(visitor.sockets.open) == 1, seconds=5)
        door.send(ana, f"{left} left")
        Bell(witness).expect_count(3 - left, seconds=1)
        assert taken < 1, taken


def test_the_leader_that_navigates_hands_over_too(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    for _ in range(2):
        live(visitor.open())
    leader = one_socket(visitor)

    leader.goto("/welcome")
    leader.goto("/")

    door.send(ana, "For both")
    for page in visitor.tabs:
        Bell(live(page)).expect_count(1)
    one_socket(visitor)


def test_two_people_in_one_browser_do_not_mix(visit: Visit, door: Door, ana: Any, luis: Any) -> None:
    """Somebody logs out and another in, while a tab of the first is still open."""
    visitor = visit(ana)
    of_ana = live(visitor.open())
    visitor.user = luis
    visitor.log_in()
    of_luis = live(visitor.open())

    door.send(luis, "For Luis")

    Bell(of_luis).expect_count(1)
    door.send(ana, "For Ana")
    Bell(of_ana).expect_count(1)
    assert Bell(of_luis).count.inner_text() == "1"


def test_a_hundred_while_tabs_come_and_go(visit: Visit, door: Door, ana: Any) -> None:
    """Each pops up once over all tabs, and is once in each list."""
    visitor = visit(ana)
    visitor.context.add_init_script(NEWS)
    witness = live(visitor.open())
    expected = [f"Number {number}" for number in range(1, 101)]
    sending = threading.Thread(target=send_slowly, args=(door, ana, expected))

    sending.start()
    while sending.is_alive():
        tab = live(visitor.open())
        tab.wait_for_timeout(100)
        visitor.tabs[len(visitor.tabs) // 2].close() if len(visitor.tabs) > 2 else None
    sending.join()

    # To look at the list ends what waits to pop up.
    for page in visitor.tabs:
        Bell(page).expect_count(100)
        page.wait_for_function(QUIET)
    popped = Counter(witness.evaluate(POPPED))
    assert popped == Counter(expected), f"missing {Counter(expected) - popped}, too often {popped - Counter(expected)}"
    for page in (witness, live(visitor.open())):
        assert Counter(Bell(page).open().load_all()) == Counter(expected)


def send_slowly(door: Door, user: Any, subjects: list[str]) -> None:
    for subject in subjects:
        door.send(user, subject)
        time.sleep(0.06)  # six seconds in all: tabs come and go meanwhile


def test_what_a_tab_took_that_closes_pops_up_in_another(visit: Visit, door: Door, ana: Any) -> None:
    """It has the lock, and closes before it has saved that it shows it."""
    visitor = visit(ana)
    visitor.context.add_init_script(NEWS)
    witness, closing = live(visitor.open()), live(visitor.open())
    closing.evaluate(TAKE_NEXT)
    door.send(ana, "Taken", priority="critical")
    Bell(witness).expect_count(1)
    assert witness.evaluate(POPPED) == []

    closing.close()

    witness.wait_for_function(QUIET)
    assert witness.evaluate(POPPED) == ["Taken"]
    Toasts(witness).expect_subjects("Taken")


def test_open_pages_follow_what_was_saved_since(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    before = live(visitor.open())
    update_preferences(ana, {"types": {"order_ready": False}})
    after = live(visitor.open())

    door.send(ana, "Not wanted")

    for page in (before, after):
        Bell(page).expect_count(1)
        page.wait_for_function(QUIET)
        expect(Toasts(page).each).to_have_count(0)


def test_a_swapped_page_keeps_its_connection(visit: Visit, door: Door, ana: Any) -> None:
    """As HTMX's boost and Turbo do: the body is another, the document stays."""
    visitor = visit(ana)
    page = live(visitor.open())
    door.send(ana, "Before")
    Bell(page).expect_count(1)

    for number in (2, 3, 4):
        page.evaluate(SWAP)
        live(page)
        door.send(ana, f"Swap {number}")
        Bell(page).expect_count(number)

    assert len(visitor.sockets.opened) == 1
    Bell(page).open().expect_subjects("Swap 4", "Swap 3", "Swap 2", "Before")


def test_a_page_without_a_bell_hears_nothing(visit: Visit, door: Door, ana: Any) -> None:
    """Such as the one that is swapped in after logging out; a bell that comes back begins where it left off."""
    visitor = visit(ana)
    page = live(visitor.open())
    page.evaluate(SWAP_BELL_OUT)
    wait_until(page, lambda: not visitor.sockets.open)
    expect(page.locator("notification-toasts")).to_have_count(0)
    door.send(ana, "While nobody was logged in")

    page.evaluate(SWAP_BELL_IN)
    live(page)
    Bell(page).expect_count(1)


def test_a_second_bell_joins_the_first(visit: Visit, door: Door, ana: Any) -> None:
    visitor = visit(ana)
    page = live(visitor.open())
    page.evaluate("document.querySelector('main').append(document.querySelector('notification-bell').cloneNode(true))")

    door.send(ana, "For both")

    for each in page.locator("notification-bell").all():
        expect(each.locator("[part~=badge]")).to_have_text("1")
    assert len(visitor.sockets.opened) == 1


def test_opening_in_one_tab_leaves_the_other_closed(visit: Visit, ana: Any) -> None:
    visitor = visit(ana)
    one, other = live(visitor.open()), live(visitor.open())
    Bell(one).open()
    Centre(other).expect_closed()
