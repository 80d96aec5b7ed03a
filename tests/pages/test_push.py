"""What browsers fetch and send by themselves; and the section of the preferences page."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import translation

from notifications.delivery.devices import COOKIE, MOST_DEVICES, hash_of
from notifications.models import PushSubscription
from tests.push_service import CHANNEL, Browser

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = "/notifications/service-worker.js"
RENEWAL = "/notifications/push-renewal/"
OLD, NEW = (f"https://fcm.googleapis.com/fcm/send/{name}" for name in ("old", "new"))


@pytest.fixture(autouse=True)
def _push(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"push": CHANNEL}}


def renew(old: Any, new: Any, client: Client | None = None) -> Any:
    body = json.dumps({"old": old, "new": new})
    return (client or Client(enforce_csrf_checks=True)).post(RENEWAL, body, content_type="application/json")


def test_anybody_gets_the_worker_anew_each_time(db: None) -> None:
    response = Client().get(WORKER)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Cache-Control"] == "no-cache"
    assert b"notificationclick" in response.content
    assert Client().post(WORKER).status_code == 405


def test_a_subscription_is_renewed_by_whoever_knows_the_old_one(ana: Any) -> None:
    old, new = Browser(OLD), Browser(NEW)
    old.subscribe(ana, "Chrome · Android")
    response = renew(old.subscription, new.subscription)
    assert response.status_code == 204
    row = PushSubscription.objects.get()
    assert (row.user, row.endpoint, row.device) == (ana, NEW, "Chrome · Android")
    assert response.cookies[COOKIE].value == row.endpoint_hash


def test_one_that_is_the_same_stays(ana: Any) -> None:
    old = Browser(OLD)
    row = old.subscribe(ana)
    assert renew(old.subscription, old.subscription).status_code == 204
    assert PushSubscription.objects.get().pk == row.pk


def test_to_know_its_address_is_not_enough(ana: Any) -> None:
    Browser(OLD).subscribe(ana)
    stranger = Browser(OLD)  # with a secret of its own
    assert renew(stranger.subscription, Browser(NEW).subscription).status_code == 404
    assert PushSubscription.objects.get().endpoint == OLD


def test_a_session_does_not_make_up_for_it(ana: Any, browser: Client) -> None:
    Browser(OLD).subscribe(ana)
    assert renew(Browser(OLD).subscription, Browser(NEW).subscription, browser).status_code == 404


def test_the_new_one_is_looked_at_like_every_other(ana: Any) -> None:
    old = Browser(OLD)
    old.subscribe(ana)
    for new in (Browser("https://127.0.0.1/x").subscription, {}, [], None, {"endpoint": NEW}):
        assert renew(old.subscription, new).status_code == 400
    assert PushSubscription.objects.get().endpoint == OLD


@pytest.mark.parametrize("body", [b" ", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"old": 1, "new": {}}'])
def test_nonsense(body: bytes) -> None:
    assert Client().post(RENEWAL, body, content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    "old",
    [
        {},
        {"endpoint": OLD},
        {"endpoint": OLD, "keys": {"auth": 7}},
        {"endpoint": OLD, "keys": {"auth": "\ud800" * 22}},
        {"endpoint": OLD + "\ud800", "keys": {"auth": "A" * 22}},
        {"endpoint": OLD + "\xe9", "keys": {"auth": "A" * 22}},
        {"endpoint": OLD + "x" * 2_000, "keys": {"auth": "A" * 22}},
    ],
)
def test_the_old_one_is_looked_at_too(old: Any) -> None:
    assert renew(old, Browser(NEW).subscription).status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_no_form_of_another_sites_can_send_it(ana: Any, content_type: str) -> None:
    old = Browser(OLD)
    old.subscribe(ana)
    body = json.dumps({"old": old.subscription, "new": Browser(NEW).subscription})
    assert Client().post(RENEWAL, body, content_type=content_type).status_code == 415
    assert PushSubscription.objects.get().endpoint == OLD


@pytest.mark.parametrize(("cookie", "is_set"), [(None, True), (hash_of(OLD), True), ("f" * 64, False)])
def test_the_cookie_of_another_subscription_is_kept(ana: Any, cookie: str | None, is_set: bool) -> None:
    """Else whoever knows a subscription of their own could make a stranger's browser forget its own."""
    client, old = Client(), Browser(OLD)
    old.subscribe(ana)
    if cookie:
        client.cookies[COOKIE] = cookie
    response = renew(old.subscription, Browser(NEW).subscription, client)
    assert response.status_code == 204
    assert (COOKIE in response.cookies) == is_set


def test_one_of_ten_is_renewed_and_none_goes(ana: Any) -> None:
    browsers = [Browser(f"{OLD}/{number}") for number in range(MOST_DEVICES)]
    ids = [browser.subscribe(ana).pk for browser in browsers]
    assert renew(browsers[-1].subscription, Browser(NEW).subscription).status_code == 204
    assert list(PushSubscription.objects.order_by("pk").values_list("pk", flat=True)) == ids


def test_where_a_page_was_faster_the_old_one_goes(ana: Any, django_user_model: Any) -> None:
    """Somebody else may have signed in at the browser meanwhile, and switched it on."""
    ben = django_user_model.objects.create_user("next")
    old, new = Browser(OLD), Browser(NEW)
    old.subscribe(ana)
    new.subscribe(ben)
    assert renew(old.subscription, new.subscription).status_code == 204
    row = PushSubscription.objects.get()
    assert (row.user, row.endpoint) == (ben, NEW)


def test_a_site_that_asks_everybody_to_log_in(ana: Any, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    old = Browser(OLD)
    old.subscribe(ana)
    assert Client().get(WORKER).status_code == 200
    assert renew(old.subscription, Browser(NEW).subscription).status_code == 204
    assert Client().get("/notifications/").status_code == 302


def test_a_site_without_push_renews_nothing(ana: Any, settings: Any) -> None:
    old = Browser(OLD)
    old.subscribe(ana)
    settings.NOTIFICATIONS = {}
    assert renew(old.subscription, Browser(NEW).subscription).status_code == 404


def section(user: Any, **context: Any) -> str:
    request = RequestFactory().get("/notifications/preferences/")
    request.user = user
    template = Template("{% load notifications %}{% notification_push_device %}")
    return template.render(Context({"request": request, **context}))


def test_the_section_tells_its_module_all_that_it_needs(ana: Any) -> None:
    html = section(ana, csp_nonce="abc123")
    data = dict(re.findall(r'data-([\w-]+)="([^"]*)"', html))
    assert (data["user"], data["worker-url"], data["scope"]) == (str(ana.pk), WORKER, "/notifications/")
    assert data["api-url"] == "/api/push-subscriptions"
    assert len(data["csrf"]) == 64
    assert re.search(r'<script type="module" src="/static/notifications/push-device[^"]*\.js" nonce="abc123">', html)
    assert re.search(r"<fieldset [^>]*\bhidden\b", html)  # until the module shows it


def test_the_section_speaks_the_language_of_the_page(ana: Any) -> None:
    with translation.override("es"):
        html = section(ana)
    strings = json.loads(unescape(re.search(r'data-strings="([^"]*)"', html)[1]))
    assert strings["failed"] == "No ha funcionado: {reason}"


def test_without_push_there_is_no_section(ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {}
    assert section(ana).strip() == ""


def test_people_who_are_not_logged_in_get_none(db: None) -> None:
    from django.contrib.auth.models import AnonymousUser

    assert section(AnonymousUser()).strip() == ""
