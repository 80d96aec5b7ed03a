"""The page without JavaScript, and the one-time links that lead to it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from notifications import send_notification
from notifications.inbox.services import archive
from notifications.models import Inbox, Notification
from project.stock.login import one_time_path
from project.stock.models import Product

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana")


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("luis")


@pytest.fixture
def browser(ana: Any) -> Client:
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def coffee(luis: Any) -> Product:
    return Product.objects.create(name="Coffee", sku="COF", stock=1, price=Decimal(8), owner=luis)


def page(browser: Client) -> str:
    response = browser.get("/")
    assert response.status_code == 200
    return response.content.decode()


def shown_count(html: str) -> tuple[str, bool]:
    """The number on the bell, and whether it is hidden."""
    found = re.search(r"data-notifications-count aria-hidden=\"true\"( hidden)?>([^<]*)<", html)
    return found[2], bool(found[1])


def test_strangers_are_sent_to_a_page_that_says_how_to_log_in(db: None) -> None:
    response = Client().get("/", follow=True)
    assert response.redirect_chain == [("/welcome?next=/", 302)]
    assert "data-notifications-bell" not in response.content.decode()


def test_two_people_see_only_their_own(browser: Client, ana: Any, luis: Any) -> None:
    send_notification(ana, "system_alert", "For Ana")
    send_notification(luis, "system_alert", "For Luis")
    other = Client()
    other.force_login(luis)

    mine, theirs = page(browser), page(other)

    assert "For Ana" in mine
    assert "For Luis" not in mine
    assert "For Luis" in theirs
    assert "For Ana" not in theirs
    assert shown_count(mine) == ("1", False)


def test_the_sell_button_sells_and_the_owner_hears_of_it(browser: Client, luis: Any, coffee: Product) -> None:
    response = browser.post(f"/products/{coffee.pk}/sell")

    assert (response.status_code, response["Location"]) == (302, f"/#product-{coffee.pk}")
    coffee.refresh_from_db()
    assert coffee.stock == 0
    notification = Notification.objects.get()
    assert (notification.recipient, notification.type) == (luis, "stock_alert")


def test_selling_what_is_sold_out_says_so(browser: Client, coffee: Product) -> None:
    browser.post(f"/products/{coffee.pk}/sell")
    html = browser.post(f"/products/{coffee.pk}/sell", follow=True).content.decode()
    assert "Only 0 of Coffee in stock, 1 asked for. Restock it first." in html


def test_a_page_that_stays_gets_a_bare_answer(browser: Client, coffee: Product) -> None:
    sell = {"path": f"/products/{coffee.pk}/sell", "headers": {"Accept": "application/json"}}
    assert browser.post(**sell).status_code == 204
    refused = browser.post(**sell)
    assert (refused.status_code, "Only 0 of Coffee" in refused.json()["error"]) == (409, True)
    assert browser.get("/levels.json").json() == {str(coffee.pk): 0}


def test_a_sale_needs_the_form_of_the_page(ana: Any, coffee: Product) -> None:
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(ana)
    assert forger.post(f"/products/{coffee.pk}/sell").status_code == 403
    assert forger.get(f"/products/{coffee.pk}/sell").status_code == 405


def test_mark_read_and_mark_all_read_work_without_javascript(browser: Client, ana: Any) -> None:
    first, second, _ = (
        Notification.objects.get(pk=send_notification(ana, "system_alert", subject)["notification_id"])
        for subject in ("One", "Two", "Three")
    )

    assert browser.post("/mark", {"mark_read": first.pk})["Location"] == "/"
    assert shown_count(page(browser)) == ("2", False)

    browser.post("/mark", {"mark_all_read": second.seq})
    assert shown_count(page(browser)) == ("1", False)


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 30, "1.5", "²"])
def test_a_forged_button_changes_nothing(browser: Client, ana: Any, value: str) -> None:
    send_notification(ana, "system_alert", "One")
    assert browser.post("/mark", {"mark_read": value, "mark_all_read": value}).status_code == 302
    assert Inbox.objects.get(pk=ana.pk).unread_count == 1


def test_nobody_marks_what_is_somebody_elses(browser: Client, luis: Any) -> None:
    send_notification(luis, "system_alert", "For Luis")
    browser.post("/mark", {"mark_read": Notification.objects.get().pk})
    assert Inbox.objects.get(pk=luis.pk).unread_count == 1


def test_everything_that_a_notification_says_is_text(browser: Client, ana: Any) -> None:
    send_notification(ana, "system_alert", "<script>alert(1)</script>", "<img src=x onerror=alert(2)>")
    html = page(browser)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_nothing_on_the_page_is_inline_or_from_elsewhere(browser: Client, ana: Any, coffee: Product) -> None:
    send_notification(ana, "system_alert", "Hello")
    response = browser.get("/")
    html = response.content.decode()

    assert response["Content-Security-Policy"] == "default-src 'self'"
    assert not re.search(r"<script(?![^>]*\bsrc=\"/)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


def test_archived_ones_are_not_listed_and_the_newest_come_first(browser: Client, ana: Any) -> None:
    for number in range(12):
        send_notification(ana, "system_alert", f"Number {number}.")
    archive(ana, [Notification.objects.get(subject="Number 11.").pk])

    rows = page(browser).split("<template>")[0]

    assert re.findall(r"Number (\d+)\.", rows) == [str(number) for number in range(10, 0, -1)]


def test_a_one_time_link_logs_in_once(ana: Any, settings: Any) -> None:
    settings.DEBUG = True
    link = one_time_path(ana)
    head, first, second = Client(), Client(), Client()

    assert head.head(link).status_code == 403  # a preview does not use it up
    assert first.get(link)["Location"] == "/"
    assert first.get("/").status_code == 200
    used = second.get(link)
    assert used.status_code == 403
    assert "This link does not work any more" in used.content.decode()
    assert second.get("/").status_code == 302


def test_a_link_for_one_person_opens_nobody_elses_page(ana: Any, luis: Any, settings: Any) -> None:
    settings.DEBUG = True
    token = one_time_path(ana).rstrip("/").rsplit("/", 1)[1]
    for uid in (luis.pk, 999999, "9" * 40, "x"):
        assert Client().get(f"/demo/login/{uid}/{token}/").status_code == 403
    assert Client().get(f"/demo/login/{ana.pk}/{token}x/").status_code == 403


def test_the_links_do_not_exist_without_debug(ana: Any, settings: Any) -> None:
    settings.DEBUG = False
    assert Client().get(one_time_path(ana)).status_code == 404


def test_a_deactivated_person_cannot_use_a_link(ana: Any, settings: Any) -> None:
    settings.DEBUG = True
    link = one_time_path(ana)
    get_user_model().objects.update(is_active=False)
    assert Client().get(link).status_code == 403
