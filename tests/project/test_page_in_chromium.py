"""The dashboard in a real browser, under its content security policy. Needs Chromium: ``CHROMIUM`` or the PATH."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from notifications import send_notification
from notifications.inbox.retention import new_epoch
from notifications.inbox.services import archive, delete, mark_read
from notifications.models import Inbox, Notification
from project.stock.models import Product
from tests.servers import Site

pytestmark = pytest.mark.django_db(transaction=True)
playwright = pytest.importorskip("playwright.sync_api")

OpenPage = Callable[..., Any]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

# Playwright keeps an event loop running in this thread, where Django refuses the ORM. Nobody else awaits here.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("SKIPPED: the browser tests need Chromium. Install it, or name it: CHROMIUM=/path/to/chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(django_db_setup: None) -> Iterator[Site]:
    """One server for all of them. The tables are emptied under it after each test; nobody is connected then."""
    running = Site(env={"TEST_SITE_DEBUG": "1"}).start()
    yield running
    running.stop()


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user(f"ana-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user(f"luis-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def open_page(chromium: Any, site: Site, transactional_db: None) -> Iterator[Callable[..., Any]]:
    """Open the dashboard as somebody. Whatever the console complains of fails the test."""
    contexts, complaints = [], []

    def open_as(user: Any, **options: Any) -> Any:
        client = Client()
        client.force_login(user)
        contexts.append(chromium.new_context(**options))
        session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.http}
        contexts[-1].add_cookies([session])
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: message.type in {"error", "warning"} and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(site.http)
        return page

    yield open_as
    for context in contexts:
        context.close()
    # That a server cannot be reached while it restarts is no complaint.
    assert not [text for text in complaints if "net::ERR_CONNECTION_" not in text]


def live(page: Any) -> Any:
    page.wait_for_selector("[data-notifications-bell][data-state=live]")
    return page


def wait_for_count(page: Any, count: int) -> None:
    page.wait_for_function(
        """count => {
            const number = document.querySelector("[data-notifications-count]")
            return number.hidden ? count === 0 : number.textContent === String(count)
        }""",
        arg=count,
    )


def subjects(page: Any) -> list[str]:
    return page.locator("[data-notifications-rows] > li [data-field=subject]").all_inner_texts()


def wait_for_subjects(page: Any, *expected: str) -> None:
    page.wait_for_function(
        """expected => {
            const shown = document.querySelectorAll("[data-notifications-rows] > li [data-field=subject]")
            return JSON.stringify(Array.from(shown, each => each.textContent)) === JSON.stringify(expected)
        }""",
        arg=list(expected),
    )


def send(user: Any, subject: str, **options: Any) -> int:
    return send_notification(user, "system_alert", subject, **options)["notification_id"]


def test_the_bell_moves_without_a_reload_and_only_ones_own(open_page: OpenPage, ana: Any, luis: Any) -> None:
    mine, theirs = live(open_page(ana)), live(open_page(luis))

    send(ana, "<b>For Ana</b>", message="<img src=x onerror=alert(1)>", url="/admin/")

    wait_for_count(mine, 1)
    assert subjects(mine) == ["<b>For Ana</b>"]
    assert mine.locator("[data-notifications-rows] img, [data-notifications-rows] b").count() == 0
    assert mine.locator("[data-notifications-announcer]").inner_text() == "<b>For Ana</b>"
    assert mine.locator("[data-notifications-label]").inner_text() == "1 unread notification"
    assert mine.locator("[data-field=subject]").get_attribute("href") == "/admin/"
    wait_for_count(theirs, 0)
    assert subjects(theirs) == []


def test_a_sale_on_the_page_reaches_the_owner(open_page: OpenPage, ana: Any, luis: Any) -> None:
    honey = Product.objects.create(
        name="Honey", sku=uuid.uuid4().hex[:8], stock=4, low_stock_threshold=2, price=9, owner=luis
    )
    mine, theirs = live(open_page(ana)), live(open_page(luis))
    row = mine.locator(f"#product-{honey.pk}")

    for left in (3, 2):
        row.get_by_role("button").click()
        row.locator("[data-stock]", has_text=str(left)).wait_for()

    wait_for_subjects(theirs, "Honey is running low")
    wait_for_count(theirs, 1)
    assert row.get_attribute("data-level") == "low"


def test_reading_in_one_tab_shows_in_the_other(open_page: OpenPage, ana: Any) -> None:
    for number in range(3):
        send(ana, f"Number {number}")
    one, other = live(open_page(ana)), live(open_page(ana))

    one.locator("[data-notifications-read]").first.click()
    wait_for_count(other, 2)
    assert other.locator("[data-notifications-rows] > li").first.get_attribute("data-unread") is None

    other.locator("[data-notifications-read-all]").click()
    wait_for_count(one, 0)
    assert one.locator("[data-unread]:not(template *)").count() == 0
    assert Inbox.objects.get(user=ana).unread_count == 0
    assert one.url == other.url  # no form was sent


def test_archive_delete_and_read_elsewhere_change_the_list(open_page: OpenPage, ana: Any) -> None:
    ids = [send(ana, f"Number {number}") for number in range(4)]
    page = live(open_page(ana))

    archive(ana, [ids[0]])
    delete(ana, [ids[1]])
    mark_read(ana, [ids[2]])

    wait_for_subjects(page, "Number 3", "Number 2")
    wait_for_count(page, 1)


def test_what_arrived_between_rendering_and_connecting_is_there(open_page: OpenPage, ana: Any, site: Site) -> None:
    """The page was drawn, the socket comes later: nothing in between is lost."""
    page = live(open_page(ana))
    page.route("**/*.js", lambda route: (send(ana, f"While {route.request.url[-20:]} loads"), route.continue_())[1])

    page.reload()

    live(page)
    expected = Notification.objects.filter(recipient=ana).count()
    assert expected > 0
    wait_for_count(page, expected)
    page.unroute("**/*.js")


def test_a_server_that_restarts_costs_nothing(open_page: OpenPage, ana: Any, site: Site) -> None:
    page = live(open_page(ana))
    send(ana, "Before")
    wait_for_count(page, 1)

    site.kill()
    page.wait_for_selector("[data-notifications-bell][data-state=reconnecting]")
    send(ana, "Meanwhile")
    site.start()

    wait_for_subjects(page, "Meanwhile", "Before")
    wait_for_count(page, 2)


def test_a_new_epoch_loads_the_list_anew(open_page: OpenPage, ana: Any, site: Site) -> None:
    page = live(open_page(ana))
    send(ana, "Kept")
    wait_for_count(page, 1)

    with page.expect_response("**/api/notifications") as answer:
        new_epoch([ana.pk])
        send(ana, "After the restore")

    assert answer.value.ok
    wait_for_subjects(page, "After the restore", "Kept")
    wait_for_count(page, 2)


def test_without_javascript_the_forms_do_it(open_page: OpenPage, ana: Any) -> None:
    send(ana, "Hello")
    page = open_page(ana, java_script_enabled=False)

    page.get_by_role("button", name="Mark read").click()

    assert page.locator("[data-notifications-count]").is_hidden()
    assert subjects(page) == ["Hello"]


def test_it_fits_a_phone(open_page: OpenPage, ana: Any) -> None:
    send(ana, "A" * 200, message="https://example.com/" + "a" * 300)
    page = live(open_page(ana, viewport={"width": 320, "height": 640}))
    assert page.evaluate("document.documentElement.scrollWidth") == 320
