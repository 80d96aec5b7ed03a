"""E-mails as readers show them, and the page that their link leads to: light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from notifications import send_notification
from notifications.delivery.channels.email import EmailChannel
from notifications.delivery.channels.email_parts import html_of
from notifications.delivery.message import build
from notifications.delivery.unsubscribe import Subscription, token_of
from notifications.inbox.database import write_database
from notifications.models import Delivery, Preference
from tests.browser import axe
from tests.browser.conftest import Visit

LONG = "Stoneware mugs, hand thrown, in the colour of the sea at Cádiz, are sold out in all of the shops"
WIDTHS = (320, 800)

# axe takes an e-mail for a page, which has landmarks; a mail program has its own around it.
NOT_A_PAGE = {"landmark-one-main", "region"}


@pytest.fixture
def emails(ana: Any, settings: Any) -> dict[str, str]:
    """The HTML of one message and of a digest, in both languages."""
    settings.NOTIFICATIONS = {"SITE_URL": "https://shop.example.org", "CHANNELS": {"email": {}}}
    found = {}
    for language in ("en", "es"):
        Preference.objects.update_or_create(pk=ana.pk, defaults={"language": language})
        single, carrier = told(ana, "critical"), Delivery.objects.create(recipient=ana, channel="email")
        members = [told(ana, priority) for priority in ("low", "medium", "high", "critical")]
        for name, row, carried in (("single", single, []), ("digest", carrier, members)):
            message = build(row, carried, using=write_database())
            found[f"{name} {language}"] = html_of(message, EmailChannel.optional)
    return found


def told(user: Any, priority: str) -> Delivery:
    text = f"The last one went to Lisbon.\n{'https://tracking.example.org/' + 'x' * 80}"
    sent = send_notification(user, "stock_alert", LONG, text, priority=priority, url="/stock/7/")
    return Delivery.objects.create(notification_id=sent["notification_id"], recipient=user, channel="email")


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Any, emails: dict[str, str], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    for name, html in emails.items():
        page.set_content(html)
        found = [each for each in axe.violations(page) if each["id"] not in NOT_A_PAGE]
        assert found == [], f"{name}, {scheme}"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_runs_over_the_edge(page: Any, emails: dict[str, str], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name, html in emails.items():
        page.set_content(html)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_a_dark_reader_shows_it_dark(page: Any, emails: dict[str, str]) -> None:
    ground = "getComputedStyle(document.querySelector('.ntf-card')).backgroundColor"
    page.emulate_media(color_scheme="light")
    page.set_content(emails["single en"])
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == "rgb(29, 35, 40)"


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_of_the_link(visit: Visit, ana: Any, language: str) -> None:
    Preference.objects.update_or_create(pk=ana.pk, defaults={"language": language, "frequency": "daily"})
    path = f"/notifications/unsubscribe/{token_of(Subscription(ana.pk, 'email'))}/"
    page = visit(None, locale="en-GB").open(path)
    for value in ("at_once", "off", "on"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            axe.assert_none(page, where=f"before {value}, {scheme}")
        with page.expect_navigation():
            page.locator(f"button[value={value}]").click()
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator(".notifications-main button").count() == 1
