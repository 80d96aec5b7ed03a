"""The two parts of an e-mail, and how a site replaces them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import time_machine

from notifications.delivery.channels.email import EmailChannel
from notifications.delivery.channels.email_parts import html_of, text_of
from notifications.delivery.message import MOST_LISTED
from notifications.preferences.services import update_preferences
from tests.delivery.channels.conftest import SITE, MakeMessage

pytestmark = pytest.mark.django_db(transaction=True)

OPTIONS = EmailChannel.optional


@pytest.fixture
def templates(settings: Any, tmp_path: Path) -> Path:
    """A folder of the site's own e-mail templates."""
    folder = tmp_path / "notifications" / "email"
    folder.mkdir(parents=True)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    return folder


def test_a_type_has_a_template_of_its_own(templates: Path, make_message: MakeMessage) -> None:
    (templates / "stock_alert.html").write_text("<p>Own: {{ notification.subject }}</p>")
    (templates / "stock_alert.txt").write_text(
        '{% extends "notifications/email/_message.txt" %}{% block text %}Own: {{ message.subject }}{% endblock %}'
    )
    alert = make_message("Tea & more")
    assert html_of(alert, OPTIONS) == "<p>Own: Tea &amp; more</p>"
    assert "Own: Tea & more" in text_of(alert, OPTIONS)
    other = make_message("Tea & more", kind="price_change")
    assert "Own:" not in html_of(other, OPTIONS) + text_of(other, OPTIONS)


def test_a_site_replaces_the_frame_of_all(templates: Path, make_message: MakeMessage) -> None:
    (templates / "_base.html").write_text("<main>{% block content %}{% endblock %}</main>")
    assert html_of(make_message(), OPTIONS).startswith("<main>")


def test_a_plain_message_is_short(make_message: MakeMessage) -> None:
    message = make_message("Coffee is out", "None left.", url="/stock/7/")
    assert text_of(message, OPTIONS) == (
        "Coffee is out\n\nNone left.\n\n"
        f"{SITE}/stock/7/\n\n-- \n"
        "You get an e-mail for each notification of the kind “Out of stock”.\n"
        f"Notification preferences: {SITE}/notifications/preferences/\n"
        f"Unsubscribe: {message.unsubscribe_url}\n"
    )


def test_what_is_not_there_leaves_no_gap(site: Any, make_message: MakeMessage) -> None:
    site.NOTIFICATIONS = {"CHANNELS": {"email": {}}}
    assert text_of(make_message("Coffee is out"), OPTIONS) == "Coffee is out\n\n--\n"
    text = text_of(make_message("Coffee is out", "None left.\n\nOrder more."), OPTIONS)
    assert text == "Coffee is out\n\nNone left.\n\nOrder more.\n\n--\n"


def test_a_site_has_a_name(make_message: MakeMessage) -> None:
    message = make_message()
    assert ">shop.example.org</a>" in html_of(message, OPTIONS)
    assert ">The corner shop</a>" in html_of(message, {**OPTIONS, "SITE_NAME": "The corner shop"})


def test_a_digest_lists_all_with_the_most_urgent_first(make_digest: MakeMessage) -> None:
    digest = make_digest(("Coffee", "low"), ("Tea <3", "critical"), ("Milk", "medium"), url="/stock/")
    html, text = html_of(digest, OPTIONS), text_of(digest, OPTIONS)
    assert [html.index(subject) for subject in ("Tea &lt;3", "Milk", "Coffee")] == sorted(
        html.index(subject) for subject in ("Tea &lt;3", "Milk", "Coffee")
    )
    assert re.findall(r"^\* (.*)$", text, re.MULTILINE) == ["Tea <3", "Milk", "Coffee"]
    assert html.count(f'href="{SITE}/stock/"') == 3
    assert "You have asked for one e-mail with what is still unread." in html
    assert html.count("Critical") == 1


def test_a_digest_of_very_many_names_the_first_and_counts_the_rest(make_digest: MakeMessage) -> None:
    digest = make_digest(*[(f"Number {number}", "low") for number in range(MOST_LISTED + 3)])
    html, text = html_of(digest, OPTIONS), text_of(digest, OPTIONS)
    assert len(re.findall(r"Number \d+<", html)) == MOST_LISTED
    assert "and 3 more" in html
    assert "and 3 more" in text
    assert f"{SITE}/notifications/\n" in text


def test_the_times_of_a_digest_are_the_reader_s(ana: Any, make_digest: MakeMessage) -> None:
    update_preferences(ana, {"time_zone": "Asia/Tokyo"})
    with time_machine.travel("2026-03-01T23:30:00Z", tick=False):
        digest = make_digest(("Coffee", "low"))
    assert "March 2, 2026, 8:30 a.m." in html_of(digest, OPTIONS)
    assert "March 2, 2026, 8:30 a.m." in text_of(digest, OPTIONS)


def test_dark_mode_changes_every_colour(make_message: MakeMessage) -> None:
    """Whatever has a colour of its own has a class that the dark style knows; a colour left over cannot be read."""
    html = html_of(make_message("Coffee", "None", priority="critical", url="/stock/"), OPTIONS)
    dark = set(re.findall(r"\.(ntf-[a-z]+) \{ [^}]*color", html))
    tags = re.findall(r"<[a-z0-9]+ [^>]*(?<![-a-z])(?:color|background-color):#[^>]*>", html)
    assert len(tags) >= 8
    for tag in tags:
        classes = set(re.search(r'class="([^"]*)"', tag)[1].split())
        assert classes & dark, tag
