"""The page without JavaScript, and the one-time links that lead to it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from notifications import send_notification
from notifications.models import Notification
from project.stock.login import one_time_path
from project.stock.models import Product

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def coffee(luis: Any) -> Product:
    return Product.objects.create(name="Coffee", sku="COF", stock=1, price=Decimal(8), owner=luis)


def page(browser: Client) -> str:
    response = browser.get("/")
    assert response.status_code == 200
    return response.content.decode()


def shown_count(html: str) -> tuple[str, bool]:
    """The number on the bell, and whether it is hidden."""
    found = re.search(r"class=\"notifications-count\" aria-hidden=\"true\"( hidden)?>([^<]*)<", html)
    return found[2], bool(found[1])


def test_strangers_are_sent_to_a_page_that_says_how_to_log_in(db: None) -> None:
    response = Client().get("/", follow=True)
    assert response.redirect_chain == [("/welcome?next=/", 302)]
    assert "<notification-bell" not in response.content.decode()


def test_two_people_count_only_their_own(browser: Client, ana: Any, luis: Any) -> None:
    send_notification(ana, "system_alert", "For Ana")
    other = Client()
    other.force_login(luis)
    assert shown_count(page(browser)) == ("1", False)
    assert shown_count(page(other)) == ("0", True)


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


PAGES = [
    "/",
    "/welcome",
    "/notifications/",
    "/notifications/preferences/",
    "/admin/",
    "/admin/notifications/notification/",
]


@pytest.mark.parametrize("address", PAGES)
def test_nothing_on_a_page_is_inline_or_from_elsewhere(browser: Client, ana: Any, address: str) -> None:
    get_user_model().objects.update(is_staff=True, is_superuser=True)
    send_notification(ana, "system_alert", "Hello")
    response = browser.get(address)
    html = response.content.decode()

    assert response["Content-Security-Policy"].startswith("default-src 'self'; script-src 'self'; style-src 'self'; ")
    assert not re.search(r"<script(?![^>]*\bsrc=\"/)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_one_bell_one_module_and_one_first_heading(browser: Client, ana: Any, address: str) -> None:
    get_user_model().objects.update(is_staff=True, is_superuser=True)
    html = browser.get(address).content.decode()
    assert html.count("<notification-bell ") == 1
    assert html.count('type="module" src="/static/notifications/notifications.min.js"') == 1
    assert len(re.findall(r"<h1\b", html)) == 1
    assert len(re.findall(r"<main\b", html)) == 1


def test_every_page_of_the_admin_has_the_shops_icon(browser: Client, ana: Any) -> None:
    """Without one, browsers ask for /favicon.ico, which there is not."""
    get_user_model().objects.update(is_staff=True, is_superuser=True)
    icon = '<link rel="icon" href="/static/stock/icon.svg" type="image/svg+xml">'
    assert icon in browser.get("/admin/").content.decode()
    assert icon in Client().get("/admin/login/").content.decode()


def test_the_notifications_pages_are_in_the_shops_frame(browser: Client) -> None:
    html = browser.get("/notifications/").content.decode()
    assert '<a href="/notifications/" aria-current="page">Notifications</a>' in html
    assert "/static/stock/stock.css" in html


def test_the_page_follows_the_browser_and_the_persons_choice(browser: Client) -> None:
    spanish = {"accept-language": "es-AR,es;q=0.9"}
    assert "Panel de existencias" in browser.get("/", headers=spanish).content.decode()
    chosen = browser.post("/i18n/setlang/", {"language": "en", "next": "/notifications/"}, headers=spanish)
    assert chosen["Location"] == "/notifications/"
    html = browser.get("/", headers=spanish).content.decode()
    assert '<html lang="en">' in html
    assert '<button name="language" value="en" lang="en" aria-current="true">English</button>' in html
    assert browser.post("/i18n/setlang/", {"language": "es", "next": "//evil.example/"})["Location"] == "/"


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
