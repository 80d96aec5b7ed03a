"""Thumbs, narrow screens, right-to-left, forced colours, reduced motion, and the parts that a site may style."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, Toasts, live
from tests.browser.visitor import ADMIN, DASHBOARD, HISTORY, PREFERENCES

PHONE = {"viewport": {"width": 320, "height": 640}}
LONG = {"message": "https://example.com/" + "a" * 300, "priority": "critical"}

# With what stands beyond the edges of the window, in every shadow root.
BEYOND = """() => {
  const beyond = []
  const walk = root => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot)
      const { left, right, width } = element.getBoundingClientRect()
      if (width > 1 && (left < -1 || right > innerWidth + 1) && element.checkVisibility({ opacityProperty: true })) {
        beyond.push(`${element.localName}.${element.className?.baseVal ?? element.className} ${left}…${right}`)
      }
    }
  }
  for (const host of document.querySelectorAll("notification-bell, notification-toasts, main")) {
    walk(host)
    if (host.shadowRoot) walk(host.shadowRoot)
  }
  return beyond
}"""

SMALL_TARGETS = """() => {
  const root = document.querySelector("notification-bell").shadowRoot
  return [...root.querySelectorAll("button, a[href]")].filter(each => each.checkVisibility()).map(each => {
    const { width, height } = each.getBoundingClientRect()
    return { name: each.className + " " + (each.ariaLabel ?? each.textContent), width, height }
  }).filter(({ width, height }) => width < 24 || height < 24)
}"""


@pytest.mark.parametrize("path", [DASHBOARD, HISTORY, PREFERENCES])
def test_it_fits_a_phone(visit: Visit, door: Door, ana: Any, path: str) -> None:
    door.send(ana, "A" * 200, **LONG)
    page = live(visit(ana, **PHONE).open(path))
    door.send(ana, "B" * 200, **LONG)
    expect(Toasts(page).each).to_have_count(1)

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate(BEYOND) == []
    Bell(page).open()
    page.get_by_text("A" * 200).last.wait_for()
    assert page.evaluate(BEYOND) == []
    assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize("size", [(1280, 720), (768, 1024), (640, 360)])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_the_centre_stays_in_the_window(
    visit: Visit, door: Door, ana: Any, size: tuple[int, int], direction: str
) -> None:
    door.send_some(ana, 25)
    width, height = size
    page = live(visit(ana, viewport={"width": width, "height": height}).open())
    page.evaluate("direction => { document.documentElement.dir = direction }", direction)

    centre = Bell(page).open()

    box = centre.host.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= height
    bell = Bell(page).button.bounding_box()
    assert box["y"] >= bell["y"] + bell["height"] - 1 or box["y"] + box["height"] <= bell["y"] + 1 or width < 480


def test_text_may_be_twice_as_large(visit: Visit, door: Door, ana: Any) -> None:
    """WCAG 1.4.4, as a browser's setting for the size of letters does it."""
    door.send(ana, "Coffee is ready", **LONG)
    page = live(visit(ana).open())
    page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")

    Bell(page).open()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(BEYOND) == []


def test_nothing_moves_for_those_who_asked(visit: Visit, door: Door, ana: Any) -> None:
    page = live(visit(ana, reduced_motion="reduce").open())
    door.send(ana, "Coffee is ready", priority="critical")
    expect(Toasts(page).each).to_have_count(1)
    Bell(page).open()
    moving = page.evaluate("document.getAnimations({ subtree: true }).map(each => each.animationName ?? 'transition')")
    assert moving == []


def test_forced_colours_keep_what_colour_says(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 2)
    page = live(visit(ana, forced_colors="active").open())
    centre = Bell(page).open()
    centre.button("Mark read", within=centre.row("Number 1")).click()

    dots = page.evaluate(
        """() => [...document.querySelector("notification-bell").shadowRoot.querySelectorAll("[part~=item]")].map(
            row => getComputedStyle(row, "::before").content !== "none")"""
    )
    assert dots == [True, False]
    border = """() => getComputedStyle(
        document.querySelector("notification-bell").shadowRoot.querySelector("notification-centre")).borderTopStyle"""
    assert page.evaluate(border) == "solid"


def test_a_site_styles_it_from_outside(visit: Visit, door: Door, ana: Any) -> None:
    door.send_some(ana, 1)
    page = live(visit(ana).open())
    page.evaluate(
        """() => {
            const sheet = new CSSStyleSheet()
            sheet.replaceSync(`notification-bell { --notifications-accent: rgb(1, 2, 3) }
                notification-bell::part(title) { letter-spacing: 3px }`)
            document.adoptedStyleSheets.push(sheet)
        }"""
    )
    Bell(page).open()

    style = """name => { const root = document.querySelector("notification-bell").shadowRoot
        return getComputedStyle(root.querySelector(`[part~=${name}]`)) }"""
    assert page.evaluate(f"({style})('badge').backgroundColor") == "rgb(1, 2, 3)"
    assert page.evaluate(f"({style})('title').letterSpacing") == "3px"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_badge_lies_on_the_bell_in_the_admin(visit: Visit, door: Door, staff: Any, scheme: str) -> None:
    door.send_some(staff, 1)
    page = live(visit(staff, color_scheme=scheme).open(ADMIN))
    bell = Bell(page)
    expect(bell.count).to_be_visible()
    header = page.locator("#header").bounding_box()
    box = bell.button.bounding_box()
    assert header["y"] <= box["y"]
    assert box["y"] + box["height"] <= header["y"] + header["height"] + 1
    bell.open()
    assert page.evaluate(BEYOND.replace(", main", "")) == []
