"""Push messages in Chromium: its own worker shows what the site sends, and the page says whether this device gets any.

A browser here reaches no push service, so two ends of that are stood in for: what it would get from one when it
subscribes (``PushManager``), and the message that one would hand to it (the DevTools' ``deliverPushMessage``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import expect

from notifications.delivery.channels.push import content
from notifications.delivery.devices import hash_of
from notifications.models import PushSubscription
from tests.browser import axe
from tests.browser.chromium import ALLOW_ORM
from tests.browser.conftest import APPLICATION, Visit
from tests.browser.pages import live
from tests.browser.visitor import PREFERENCES
from tests.delivery.messages import message, notification
from tests.live_site import environment
from tests.push_service import CHANNEL, Browser
from tests.servers import Site

# What the browser would get from its push service, kept as long as the browser's own would be.
PUSH_SERVICE = """
(given => {
  const kept = () => JSON.parse(localStorage.getItem("subscription"))
  const subscription = key => ({
    endpoint: given.endpoint,
    options: { applicationServerKey: Uint8Array.from(key).buffer, userVisibleOnly: true },
    toJSON: () => given,
    unsubscribe: async () => (localStorage.removeItem("subscription"), true),
  })
  PushManager.prototype.getSubscription = async () => kept() && subscription(kept())
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error("refused")
    localStorage.setItem("subscription", JSON.stringify([...applicationServerKey]))
    return subscription(applicationServerKey)
  }
})(%s)
"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/notifications/")
  const all = await registration.getNotifications()
  return all.map(({ title, body, tag, lang, data, requireInteraction }) =>
    ({ title, body, tag, lang, url: data.url, critical: requireInteraction }))
}"""
# To ask what is shown while something is about to be makes Chromium forget it.
LISTEN = """() => {
  self.shown = new Promise(resolve => {
    registration.showNotification = async (...given) => {
      await ServiceWorkerRegistration.prototype.showNotification.apply(registration, given)
      resolve(true)
    }
  })
}"""
CLOSE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/notifications/")
  for (const each of await registration.getNotifications()) each.close()
}"""
# Events that a script makes are not the browser's: it lets nobody wait for them, and opens no window.
CLICK = """async () => {
  const opened = []
  clients.openWindow = async address => void opened.push(`open ${address}`)
  WindowClient.prototype.focus = async function () { opened.push(`focus ${this.url}`) }
  const [notification] = await registration.getNotifications()
  const event = new NotificationEvent("notificationclick", { notification })
  const work = []
  Object.defineProperty(event, "waitUntil", { value: promise => work.push(promise) })
  dispatchEvent(event)
  await Promise.all(work)
  return [...opened, (await registration.getNotifications()).length]
}"""
CHANGE = """async ([old, fresh]) => {
  const event = new ExtendableEvent("pushsubscriptionchange")
  const work = []
  Object.defineProperties(event, {
    waitUntil: { value: promise => work.push(promise) },
    oldSubscription: { value: old && { toJSON: () => old } },
    newSubscription: { value: { toJSON: () => fresh } },
  })
  dispatchEvent(event)
  await Promise.all(work)
}"""

# Each notification has one of its own: Chromium closes by tag, a while later, and whatever profile it was in.
NUMBERS = count(1)


@pytest.fixture(scope="module")
def push_site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with django_db_blocker.unblock():
        env = {**environment(CHANNELS={"push": CHANNEL}), ALLOW_ORM[0]: None}
        running = Site(env=env, application=APPLICATION).start()
    yield running
    running.stop()
    assert "Traceback" not in running.read_log(), running.read_log()


class Device:
    """The preferences page of one person in a browser whose push service gives it ``browser``."""

    def __init__(
        self, visit: Visit, site: Site, user: Any, browser: Browser, *, script: str = "", allow: bool = True
    ) -> None:
        self.browser, self.site = browser, site
        self.visitor = visit(user, url=site.http)
        if allow:
            self.visitor.context.grant_permissions(["notifications"], origin=site.http)
        self.visitor.context.add_init_script(PUSH_SERVICE % json.dumps(browser.subscription) + script)
        self.page = self.visitor.context.new_page()
        self.section = self.page.locator("fieldset[data-notifications-push]")
        self.open()

    def open(self) -> None:
        self.page.goto(PREFERENCES)
        live(self.page)
        expect(self.section).to_be_visible()
        self.ready()

    def ready(self) -> None:
        expect(self.section).to_have_attribute("aria-busy", "false")

    def expect_state(self, state: str, says: str) -> None:
        expect(self.section).to_have_attribute("data-state", state)
        expect(self.section.get_by_role("status")).to_contain_text(says)

    def click(self, name: str) -> None:
        self.section.get_by_role("button", name=name, exact=True).click()
        self.ready()

    def switch_on(self) -> None:
        self.click("Switch on for this device")
        self.expect_state("on", "On: this device")

    def worker(self) -> Any:
        """The browser's own, once it runs."""
        return next(iter(self.visitor.context.service_workers))

    def deliver(self, data: str) -> None:
        """As the browser does with a message from its push service."""
        devtools = self.visitor.context.new_cdp_session(self.page)
        registrations: list[Any] = []
        devtools.on(
            "ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"])
        )
        devtools.send("ServiceWorker.enable")
        while not registrations:
            self.page.wait_for_timeout(10)  # lets Playwright read what has come
        number = registrations[-1]["registrationId"]
        self.worker().evaluate(LISTEN)
        devtools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.site.http, "registrationId": number, "data": data},
        )
        self.worker().evaluate("() => shown")

    def shown(self) -> list[dict[str, Any]]:
        return self.page.evaluate(SHOWN)


def told(number: int, **fields: Any) -> str:
    """What the site would send of a notification with this number."""
    return content(message(notification(number), **fields)).decode()


def browser(name: str = "one") -> Browser:
    return Browser(f"https://fcm.googleapis.com/fcm/send/{name}")


@pytest.fixture
def device(visit: Visit, push_site: Site, ana: Any) -> Device:
    made = Device(visit, push_site, ana, browser())
    made.switch_on()
    return made


def test_it_is_switched_on_and_off(visit: Visit, push_site: Site, ana: Any) -> None:
    device = Device(visit, push_site, ana, browser())
    device.expect_state("off", "Off: this device")
    expect(device.section.get_by_role("listitem")).to_have_count(0)

    device.switch_on()
    row = PushSubscription.objects.get()
    assert (row.user, row.endpoint, row.device) == (ana, device.browser.endpoint, "Chrome · Linux")
    assert {"p256dh": row.p256dh, "auth": row.auth} == device.browser.subscription["keys"]
    expect(device.section.get_by_role("listitem")).to_contain_text("Chrome · Linux (this device, since")

    device.open()
    device.expect_state("on", "On: this device")
    assert axe.violations(device.page) == []

    device.click("Switch off for this device")
    device.expect_state("off", "Off: this device")
    assert not PushSubscription.objects.exists()
    assert device.page.evaluate("localStorage.getItem('subscription')") is None


def test_another_device_is_removed_from_here(device: Device, ana: Any) -> None:
    browser("phone").subscribe(ana, "Safari · iPhone")
    device.open()
    device.click("Remove Safari · iPhone")
    expect(device.section.get_by_role("listitem")).to_have_count(1)
    assert PushSubscription.objects.get().endpoint == device.browser.endpoint
    device.expect_state("on", "On: this device")

    device.click("Remove Chrome · Linux")  # which is this one
    device.expect_state("off", "Off: this device")
    assert device.page.evaluate("localStorage.getItem('subscription')") is None


def test_who_uses_a_keyboard_keeps_the_place(device: Device, ana: Any) -> None:
    for name in ("Safari · iPhone", "Firefox · Linux"):
        browser(name[:6]).subscribe(ana, name)
    device.open()

    def press(name: str) -> None:
        button = device.section.get_by_role("button", name=name, exact=True)
        button.focus()
        device.page.keyboard.press("Enter")

    def expect_focus(name: str) -> None:
        expect(device.section.get_by_role("button", name=name, exact=True)).to_be_focused()

    press("Remove Safari · iPhone")
    expect_focus("Remove Firefox · Linux")
    press("Remove Firefox · Linux")
    expect_focus("Remove Chrome · Linux")  # the last of those that are left
    press("Remove Chrome · Linux")
    expect_focus("Switch on for this device")
    press("Switch on for this device")
    expect_focus("Switch off for this device")
    assert PushSubscription.objects.get().user == ana


def test_while_something_is_done_nothing_else_is(device: Device) -> None:
    """By an attribute that leaves the focus where it is."""
    requests: list[str] = []
    device.page.on("request", lambda request: requests.append(request.method) if "/api/push" in request.url else None)
    switch = device.section.get_by_role("button", name="Switch off for this device")
    disabled = switch.evaluate("b => { b.click(); b.click(); return [b.disabled, b.ariaDisabled] }")
    assert disabled == [False, "true"]
    device.ready()
    device.expect_state("off", "Off: this device")
    assert requests == ["DELETE", "GET"]


def test_the_next_one_at_this_device_is_asked_anew(device: Device, luis: Any) -> None:
    browser("phone").subscribe(luis, "Safari · iPhone")  # a device of theirs, but not this one
    device.visitor.user = luis
    device.visitor.log_in()
    device.open()
    device.expect_state("off", "Off: this device")
    device.switch_on()
    assert PushSubscription.objects.get(endpoint=device.browser.endpoint).user == luis


def test_a_subscription_with_another_key_of_the_sites_is_made_anew(device: Device) -> None:
    device.page.evaluate("localStorage.setItem('subscription', JSON.stringify(Array(65).fill(4)))")
    device.open()
    device.expect_state("off", "Off: this device")
    device.switch_on()
    assert PushSubscription.objects.count() == 1


def test_a_browser_that_blocks_it_is_told_where_to_allow_it(visit: Visit, push_site: Site, ana: Any) -> None:
    script = "Object.defineProperty(Notification, 'permission', { value: 'denied' })"
    device = Device(visit, push_site, ana, browser(), script=script)
    device.expect_state("blocked", "Allow them in its settings")
    expect(device.section.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize(
    ("script", "state", "says"),
    [
        ("delete window.PushManager", "unsupported", "This browser cannot show"),
        ("delete window.PushManager; navigator.standalone = false", "install", "add this site to the home screen"),
    ],
)
def test_a_browser_that_cannot(visit: Visit, push_site: Site, ana: Any, script: str, state: str, says: str) -> None:
    device = Device(visit, push_site, ana, browser(), script=script)
    device.expect_state(state, says)
    expect(device.section.get_by_role("button")).to_have_count(0)


def test_who_says_no_stays_off(visit: Visit, push_site: Site, ana: Any) -> None:
    script = "Object.defineProperty(Notification, 'permission', { value: 'default' })\n"
    script += "Notification.requestPermission = async () => 'default'"
    device = Device(visit, push_site, ana, browser(), script=script)
    device.click("Switch on for this device")
    device.expect_state("off", "Off: this device")
    assert not PushSubscription.objects.exists()


def test_what_fails_is_said(visit: Visit, push_site: Site, ana: Any, complaints: Any) -> None:
    complaints.expect("400")
    device = Device(visit, push_site, ana, Browser("https://evil.example/x"))
    device.click("Switch on for this device")
    device.expect_state("off", "That did not work: endpoint is not at a push service")


def test_without_push_there_is_no_section(visit: Visit, ana: Any) -> None:
    page = live(visit(ana).open(PREFERENCES))
    expect(page.locator("[data-notifications-push], script[src*='push-device']")).to_have_count(0)


def test_a_message_is_shown(device: Device) -> None:
    number = next(NUMBERS)
    device.deliver(told(number, subject="Agotado", language="es", priority="critical"))
    assert device.shown() == [
        {
            "title": "Agotado",
            "body": "Stoneware mugs",
            "tag": f"notification-{number}",
            "lang": "es",
            "url": "https://shop.example.org/stock/7/",
            "critical": True,
        }
    ]


def test_the_same_one_takes_the_place_of_itself(device: Device) -> None:
    number = next(NUMBERS)
    device.deliver(told(number, subject="First"))
    device.deliver(told(number, subject="Second"))
    assert [shown["title"] for shown in device.shown()] == ["Second"]


def test_something_is_shown_whatever_comes(device: Device) -> None:
    for data in ("", "nonsense", "[1]", "null", '{"title": 7, "body": {}}'):
        device.deliver(data)
        [shown] = device.shown()
        assert shown["title"] == "127.0.0.1", data
        device.page.evaluate(CLOSE)


def test_a_click_leads_to_the_site_or_to_an_encrypted_page(device: Device) -> None:
    site = device.site.http
    cases = {
        f"{site}/stock/7/": f"{site}/stock/7/",
        "https://elsewhere.example.org/x": "https://elsewhere.example.org/x",
        "": f"{site}/notifications/",
        "http://elsewhere.example.org/x": f"{site}/notifications/",
        "javascript:alert(1)": f"{site}/notifications/",
        "data:text/html,x": f"{site}/notifications/",
        f"blob:{site}/x": f"{site}/notifications/",
        "http://[": f"{site}/notifications/",
    }
    for url, leads_to in cases.items():
        device.deliver(told(next(NUMBERS), url=url))
        assert device.worker().evaluate(CLICK) == [f"open {leads_to}", 0], url


def test_a_click_goes_to_the_page_that_is_open_already(device: Device) -> None:
    there = device.visitor.open("/?product=7")  # not below the worker
    device.deliver(told(next(NUMBERS), url=there.url))
    assert device.worker().evaluate(CLICK) == [f"focus {there.url}", 0]


def test_a_subscription_that_its_service_has_ended_is_renewed(device: Device, ana: Any) -> None:
    fresh = browser("fresh")
    device.worker().evaluate(CHANGE, [device.browser.subscription, fresh.subscription])
    row = PushSubscription.objects.get()
    assert (row.user, row.endpoint_hash) == (ana, hash_of(fresh.endpoint))

    device.worker().evaluate(CHANGE, [None, browser("other").subscription])
    assert PushSubscription.objects.get().pk == row.pk
