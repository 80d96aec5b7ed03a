"""Nothing that a notification says can become code, a forbidden link, or an exception from the policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from notifications import send_notification
from notifications.models import Notification
from tests.browser.asgi import STRICT
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import SUBJECT, Bell, Toasts, live
from tests.browser.payloads import ALLOWED, FORBIDDEN_URLS, PAYLOADS

HALF = len(PAYLOADS) // 2

# Every element, in every shadow root, that the interface would not make by itself.
SUSPECTS = """() => {
  const suspects = []
  const walk = root => {
    for (const element of root.querySelectorAll("*")) {
      const handlers = element.getAttributeNames().filter(name => /^on|^srcdoc$/.test(name))
      // Distances that the interface sets itself, by the object model.
      if (!/^(--_[a-z]+: -?\\d+px; ?)*$/.test(element.getAttribute("style") ?? "")) handlers.push("style")
      const tag = element.localName
      const foreign = /^(iframe|object|embed|video|audio|base|marquee|math|maction|animate|image|textarea|style)$/
      if (handlers.length || foreign.test(tag)) suspects.push(element.outerHTML)
      if (/^(img|script)$/.test(tag) && !/^\\/static\\//.test(element.getAttribute("src") ?? "")) {
        if (element.type !== "application/json") suspects.push(element.outerHTML)
      }
      if (element.shadowRoot) walk(element.shadowRoot)
    }
  }
  walk(document)
  return suspects
}"""

HREFS = """() => {
  const hrefs = []
  const walk = root => {
    for (const element of root.querySelectorAll("*")) {
      for (const name of ["href", "xlink:href", "src", "action", "formaction"]) {
        if (element.hasAttribute(name)) hrefs.push(element.getAttribute(name))
      }
      if (element.shadowRoot) walk(element.shadowRoot)
    }
  }
  for (const host of document.querySelectorAll("notification-bell, notification-toasts, [data-id]")) {
    walk(host)
    if (host.shadowRoot) walk(host.shadowRoot)
  }
  return hrefs
}"""


def assert_harmless(page: Any) -> None:
    assert page.evaluate("window.executed ?? 0") == 0
    assert page.evaluate(SUSPECTS) == []
    hrefs = page.evaluate(HREFS)
    assert [href for href in hrefs if not re.match(ALLOWED, href) and not re.match(r"[?#]", href)] == []


def refuse_dialogs(page: Any) -> list[str]:
    shown: list[str] = []
    page.on("dialog", lambda dialog: (shown.append(dialog.message), dialog.dismiss()))
    return shown


def hostile(user: Any, payload: str) -> dict[str, Any]:
    return {
        "subject": payload[:255],
        "message": payload,
        "actor": user,
        "data": {"html": payload, payload: payload},
        "priority": "critical",
    }


@pytest.fixture
def eve(ana: Any) -> Callable[[str], Any]:
    """Someone whose name is the payload."""

    def named(payload: str) -> Any:
        type(ana).objects.filter(pk=ana.pk).update(username=payload[:150])
        ana.refresh_from_db()
        return ana

    return named


def test_fifty_payloads_run_nowhere(visit: Visit, ana: Any, luis: Any, eve: Callable[[str], Any]) -> None:
    """In the subject, message, actor and data; in toasts, bell, centre and history; live and rendered."""
    visitor = visit(luis)
    page = live(visitor.open())
    dialogs = refuse_dialogs(page)

    for payload in PAYLOADS:
        send_notification(luis, "order_ready", **hostile(eve(payload), payload))

    Bell(page).expect_count(50)
    expect(Toasts(page).each).to_have_count(3)
    assert_harmless(page)
    centre = Bell(page).open()
    assert centre.load_all() == PAYLOADS[::-1]
    assert_harmless(page)
    for path in ("/notifications/", "/notifications/?per_page=100&q=%3Cscript%3E"):
        page.goto(path)
        live(page)
        assert_harmless(page)
    assert dialogs == []


@pytest.mark.parametrize("page_of", ["centre", "history"])
def test_twenty_schemes_lead_nowhere(visit: Visit, ana: Any, page_of: str) -> None:
    """The server refuses such addresses; these were written past it."""
    for number, url in enumerate(FORBIDDEN_URLS):
        made = send_notification(ana, "order_ready", f"Number {number}", url="/fine/")
        Notification.objects.filter(pk=made["notification_id"]).update(url=url)
    page = live(visit(ana).open("/notifications/" if page_of == "history" else "/"))
    dialogs = refuse_dialogs(page)
    if page_of == "centre":
        assert len(Bell(page).open().load_all()) == 20
    assert_harmless(page)
    assert dialogs == []


def test_the_client_trusts_no_address_of_its_server(visit: Visit, ana: Any) -> None:
    """A second lock: the very frames carry the forbidden addresses, live and in the list."""
    page = visit(ana).context.new_page()
    page.route_web_socket("**/ws/notifications*", lambda socket: pass_on(socket))
    page.route("**/api/notifications?*", lambda route: fulfil(route))
    page.goto("/")
    live(page)
    dialogs = refuse_dialogs(page)

    for number in range(len(FORBIDDEN_URLS)):
        send_notification(ana, "order_ready", f"{number}", url="/fine/", priority="critical")

    Bell(page).expect_count(20)
    expect(Toasts(page).each).to_have_count(3)
    assert_harmless(page)
    for toast in Toasts(page).each.all():
        toast.locator(SUBJECT).click(force=True, no_wait_after=True)
    centre = Bell(page).open()
    assert len(centre.load_all()) == 20
    assert_harmless(page)
    for row in centre.rows.all()[:HALF]:
        row.locator(SUBJECT).click()
    assert page.evaluate("window.executed ?? 0") == 0
    assert page.url.rstrip("/").endswith(str(page.evaluate("location.host")))
    assert dialogs == []


def forged(notification: dict[str, Any]) -> dict[str, Any]:
    url = FORBIDDEN_URLS[int(notification["subject"])]
    return {**notification, "url": url, "actor": {"text": "Eve", "url": url}, "target": {"text": "It", "url": url}}


def pass_on(socket: Any) -> None:
    server = socket.connect_to_server()

    def forge(text: str) -> None:
        frame = json.loads(text)
        if frame["type"] == "notification":
            frame["data"] = forged(frame["data"])
        socket.send(json.dumps(frame))

    server.on_message(forge)


def fulfil(route: Any) -> None:
    answer = route.fetch()
    body = answer.json()
    body["notifications"] = [forged(each) for each in body["notifications"]]
    route.fulfill(response=answer, json=body)


@pytest.mark.parametrize("path", ["/", "/notifications/", "/notifications/preferences/", "/admin/", "/welcome"])
def test_every_page_keeps_the_strict_policy(visit: Visit, door: Door, staff: Any, path: str) -> None:
    """A violation is a complaint, and every complaint fails a test; this one also opens what can be opened."""
    door.send_some(staff, 2, priority="critical")
    page = visit(staff).context.new_page()
    answer = page.goto(path)

    assert answer.headers["content-security-policy"] == STRICT
    live(page)
    Bell(page).open().show("Unread")
    page.keyboard.press("Escape")
    door.send(staff, "A toast", priority="critical")
    expect(Toasts(page).toast("A toast")).to_be_visible()
    assert_harmless(page)


def test_nothing_sends_without_the_csrf_token(visit: Visit, door: Door, ana: Any) -> None:
    [number] = door.send_some(ana, 1)
    visitor = visit(ana)
    page = live(visitor.open())
    visitor.complaints.expect("403")
    status = page.evaluate(
        """async id => (await fetch("/api/notifications/actions", { method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ action: "delete", notification_ids: [id] }) })).status""",
        number,
    )
    assert status == 403
    assert Notification.objects.filter(pk=number, deleted_at=None).exists()
