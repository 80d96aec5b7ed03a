"""The tags as a host site's templates use them."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from notifications import send_notification
from notifications.models import Inbox, Mute, Notification
from notifications.pages.strings import PLURALS, TEXTS
from notifications.preferences.services import update_preferences

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = "{% notification_bell %}{% notification_scripts %}"
# What the elements ask for; one that is missing would be an empty button.
KEYS = """
bell bell_none title tab_all tab_unread tab_read mark_all_read mark_read mark_unread archive delete undo deleted
archived more fresh count empty_all empty_unread empty_read loading error retry close history preferences state_polling
state_reconnecting state_signed_out toasts toasts_more unread priority_high priority_critical from failed offline
keys_title key_next key_previous key_open key_archive key_read key_unread key_help announce announce_many actions
use_time_zone
"""


def render(source: str, user: Any, *, request: Any = None, **context: Any) -> str:
    request = request or RequestFactory().get("/")
    request.user = user
    return Template("{% load notifications %}" + source).render(Context({"request": request, **context}))


def attribute(html: str, name: str) -> str:
    return unescape(re.search(rf"""\s{name}=(["'])(.*?)\1""", html, re.DOTALL)[2])


def test_the_bell_shows_the_exact_count_and_where_the_page_stands(luis: Any) -> None:
    for _ in range(3):
        send_notification(luis, "system_alert", "Hello")

    html = render("{% notification_bell %}", luis)

    inbox = Inbox.objects.get(pk=luis.pk)
    assert 'aria-hidden="true">3</span>' in html
    assert ">3 unread notifications</span>" in html
    expected = {
        "data-user": str(luis.pk),
        "data-epoch": str(inbox.epoch),
        "data-rev": "3",
        "data-seen-seq": "0",
        "data-count": "3",
        "data-ws-url": "/ws/notifications",
        "data-api-url": "/api/notifications",
        "data-history-url": "/notifications/",
        "data-preferences-url": "/notifications/preferences/",
    }
    assert {name: attribute(html, name) for name in expected} == expected
    assert '<a class="notifications-bell-link" href="/notifications/">' in html
    assert len(attribute(html, "data-csrf")) == 64


@pytest.mark.parametrize(
    ("count", "shown", "label"),
    [
        (0, "hidden>0</span>", "No unread notifications"),
        (1, ">1</span>", "1 unread notification<"),
        (99, ">99</span>", "99 unread notifications"),
        (100, ">99+</span>", "100 unread notifications"),
        (12_345, ">99+</span>", "12345 unread notifications"),
    ],
)
def test_the_count_in_figures_and_words(luis: Any, settings: Any, count: int, shown: str, label: str) -> None:
    settings.USE_THOUSAND_SEPARATOR = True  # data attributes must stay plain numbers
    Inbox.objects.create(user=luis, unread_count=count, last_rev=12_345)

    html = render("{% notification_bell %}", luis)

    assert shown in html
    assert f">{label}" in html
    assert 'data-rev="12345"' in html
    assert f'data-count="{count}"' in html


def test_somebody_who_never_got_anything_has_a_bell(luis: Any) -> None:
    html = render("{% notification_bell %}", luis)
    assert "No unread notifications" in html
    assert 'data-rev="0"' in html


@pytest.mark.parametrize(
    "tag", ["{% notification_bell %}", "{% notification_scripts %}", "{% mark_target_read target %}"]
)
def test_there_is_nothing_for_strangers_and_error_pages(luis: Any, tag: str) -> None:
    assert render(tag, AnonymousUser(), target=luis).strip() == ""
    assert Template("{% load notifications %}" + tag).render(Context({"target": luis})).strip() == ""
    assert render(tag, get_user_model()(pk=999999), target=luis).strip() == ""  # deleted a moment ago


def test_a_click_may_lead_elsewhere_and_the_socket_be_elsewhere(luis: Any) -> None:
    html = render(
        '{% notification_bell url=address ws_url="wss://live.example.com/ws/notifications" %}',
        luis,
        address='/inbox/?a=1&b="2"',
    )
    assert 'href="/inbox/?a=1&amp;b=&quot;2&quot;"' in html
    assert attribute(html, "data-ws-url") == "wss://live.example.com/ws/notifications"


def test_a_site_served_by_wsgi_alone_is_asked_by_polling(luis: Any, settings: Any) -> None:
    settings.ASGI_APPLICATION = None
    assert attribute(render("{% notification_bell %}", luis), "data-ws-url") == ""
    asgi = _asgi_request()
    assert attribute(render("{% notification_bell %}", luis, request=asgi), "data-ws-url") == "/ws/notifications"


def _asgi_request() -> Any:
    from django.test import AsyncRequestFactory

    return AsyncRequestFactory().get("/")


def test_the_addresses_follow_the_sites_prefix(luis: Any, settings: Any) -> None:
    from django.urls import set_script_prefix

    set_script_prefix("/shop/")
    try:
        html = render("{% notification_bell %}", luis)
    finally:
        set_script_prefix("/")
    assert attribute(html, "data-ws-url") == "/shop/ws/notifications"
    assert attribute(html, "data-api-url") == "/shop/api/notifications"


def test_the_bell_carries_the_options_and_every_text(luis: Any) -> None:
    update_preferences(luis, {"sound": True, "single_keys": False})
    html = render("{% notification_bell %}", luis)
    assert json.loads(attribute(html, "data-options")) == {"single_keys": False, "sound": True, "desktop": False}
    assert abs(int(attribute(html, "data-at")) - time.time() * 1000) < 60_000
    strings = json.loads(attribute(html, "data-strings"))
    assert strings.keys() == set(KEYS.split()) == TEXTS.keys() | PLURALS.keys()
    assert all(strings.values())
    assert strings["bell"] == {"one": "{count} unread notification", "other": "{count} unread notifications"}


def test_a_wish_is_data_whatever_is_in_it(luis: Any) -> None:
    update_preferences(luis, {"priority": "critical_only"})
    Mute.objects.create(user=luis, type="\"'><script>&quot;")
    html = render("{% notification_bell %}", luis)
    wishes = {"priority": "critical_only", "mutes": [["\"'><script>&quot;", None]]}
    assert json.loads(attribute(html, "data-options"))["wishes"] == wishes
    assert "<script>" not in html


def test_the_texts_are_in_the_language_of_the_page(luis: Any) -> None:
    with translation.override("es"):
        html = render("{% notification_bell %}", luis)
    assert ">No hay notificaciones sin leer</span>" in html
    strings = json.loads(attribute(html, "data-strings"))
    assert strings["mark_all_read"] == "Marcar todas como leídas"
    assert strings["fresh"] == {"one": "{count} nueva", "other": "{count} nuevas"}
    same = {"announce"}
    english = {key: str(text) for key, text in TEXTS.items()}
    assert {key for key in TEXTS if strings[key] == english[key]} == same


def test_one_module_and_nothing_inline(luis: Any) -> None:
    html = render(BOTH, luis)
    scripts = re.findall(r"<script[^>]*>[^<]*</script>", html)
    assert scripts == [
        '<script type="module" src="/static/notifications/notifications.min.js" data-notifications-scripts '
        'data-toasts="true"></script>'
    ]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert 'data-toasts="false"' in render("{% notification_scripts toasts=False %}", luis)


class LazyNonce:
    """As Django 6 has it: false until somebody asks for it."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "n0nce"


@pytest.mark.parametrize("name", ["csp_nonce", "_csp_nonce"])
def test_a_sites_nonce_is_on_whatever_loads_something(luis: Any, name: str) -> None:
    request = RequestFactory().get("/")
    setattr(request, name, LazyNonce())
    html = render(BOTH, luis, request=request)
    assert len(re.findall(r'<(?:script|link)[^>]* nonce="n0nce"', html)) == 2
    assert render(BOTH, luis, csp_nonce=LazyNonce()).count('nonce="n0nce"') == 2
    assert "nonce" not in render(BOTH, luis)


def test_the_state_and_the_options_are_read_once(luis: Any, django_assert_num_queries: Any) -> None:
    send_notification(luis, "system_alert", "Hello")
    with django_assert_num_queries(2) as queries:
        render(BOTH, luis)
    assert "ntf_inbox" in queries[0]["sql"]


def test_what_is_unread_about_the_target_is_marked_by_the_page_and_not_by_rendering_it(luis: Any) -> None:
    ana = get_user_model().objects.create_user("ana")
    ids = [send_notification(luis, "system_alert", "About Ana", target=ana)["notification_id"] for _ in range(2)]
    send_notification(luis, "system_alert", "About Luis", target=luis)
    send_notification(luis, "system_alert", "About nothing")
    send_notification(ana, "system_alert", "Somebody else's", target=ana)

    html = render("{% mark_target_read target %}", luis, target=ana)

    assert html == f'<notification-target hidden data-ids="{ids[1]},{ids[0]}"></notification-target>'
    assert Inbox.objects.get(pk=luis.pk).unread_count == 4
    assert render("{% mark_target_read target %}", luis, target=None) == ""
    assert render("{% mark_target_read target %}", luis, target=get_user_model()()) == ""
    Notification.objects.filter(pk__in=ids).delete()
    assert render("{% mark_target_read target %}", luis, target=ana) == ""
