"""``/api/push-subscriptions``: which browsers are told also when no page is open."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
import time_machine
from django.test import Client, override_settings
from rest_framework.test import APIClient

from notifications.delivery import vapid
from notifications.delivery.devices import COOKIE, MOST_DEVICES, devices_of
from notifications.models import PushSubscription
from tests.push_service import CHANNEL, KEY, Browser

from .conftest import SERVICE_KEY, by_session

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/api/push-subscriptions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _push(settings: Any, _service_key: None) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {"push": CHANNEL}}


@pytest.fixture
def browser() -> Browser:
    return Browser("https://updates.push.services.mozilla.com/wpush/v2/gAAAA")


def post(client: APIClient, subscription: Any, status: int = 201) -> Any:
    response = client.post(ADDRESS, subscription, format="json", headers={"User-Agent": FIREFOX})
    assert response.status_code == status, response.json()
    return response.json()


@time_machine.travel(NOON, tick=False)
def test_a_browser_subscribes_and_is_listed(client: APIClient, ana: Any, browser: Browser) -> None:
    assert client.get(ADDRESS).json() == {"public_key": vapid.public_key(KEY), "subscriptions": []}
    made = post(client, browser.subscription)
    row = PushSubscription.objects.get()
    assert made == {
        "id": row.pk,
        "device": "Firefox · Linux",
        "endpoint_hash": sha256(browser.endpoint.encode()).hexdigest(),
        "created_at": "2026-03-12T12:00:00Z",
        "last_sent_at": None,
    }
    assert (row.user, row.endpoint) == (ana, browser.endpoint)
    assert {"p256dh": row.p256dh, "auth": row.auth} == browser.subscription["keys"]
    assert client.get(ADDRESS).json()["subscriptions"] == [made]
    assert post(client, browser.subscription, 200) == made


def test_it_moves_to_whoever_registers_it_last(client: APIClient, ana: Any, ben: Any, browser: Browser) -> None:
    made = post(client, browser.subscription)
    moved = post(by_session(ben), browser.subscription)
    assert moved["id"] == made["id"]
    assert client.get(ADDRESS).json()["subscriptions"] == []
    assert [row.pk for row in devices_of(ben.pk, using="default")] == [made["id"]]


def test_of_too_many_the_oldest_goes(client: APIClient) -> None:
    browsers = [Browser(f"https://fcm.googleapis.com/fcm/send/{number}") for number in range(MOST_DEVICES + 1)]
    ids = [post(client, browser.subscription)["id"] for browser in browsers]
    assert [row["id"] for row in client.get(ADDRESS).json()["subscriptions"]] == ids[1:]


def test_one_is_removed_and_only_ones_own(client: APIClient, ben: Any, browser: Browser) -> None:
    made = post(client, browser.subscription)
    assert by_session(ben).delete(f"{ADDRESS}?id={made['id']}").json() == {"deleted_count": 0}
    assert client.delete(f"{ADDRESS}?id={made['id']}").json() == {"deleted_count": 1}
    assert client.delete(f"{ADDRESS}?id={made['id']}").json() == {"deleted_count": 0}
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("query", ["", "?id=", "?id=0", "?id=x", "?id=-1"])
def test_a_removal_says_which(client: APIClient, query: str) -> None:
    response = client.delete(f"{ADDRESS}{query}")
    assert response.status_code == 400
    assert list(response.json()) == ["id"]


WRONG: list[tuple[str, Any]] = [
    ("endpoint", None),
    ("endpoint", 7),
    ("endpoint", ""),
    ("endpoint", "https://evil.example/x"),
    ("endpoint", "http://127.0.0.1:6379/x"),
    ("endpoint", "https://fcm.googleapis.com/" + "x" * 2_000),
    ("keys", None),
    ("keys", []),
    ("keys", {}),
    ("keys", {"p256dh": "x", "auth": "A" * 22}),
    ("keys", {"p256dh": "BA" + "A" * 85, "auth": None}),
    ("keys", {"p256dh": "BA" + "A" * 85, "auth": "A" * 23}),
    ("keys", {"p256dh": "AA" + "A" * 85, "auth": "A" * 22}),
    ("keys", {"p256dh": "BA" + "A" * 85, "auth": "A" * 22 + "\n"}),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    client: APIClient, browser: Browser, field: str, value: Any
) -> None:
    answer = post(client, {**browser.subscription, field: value}, 400)
    assert list(answer) == [field]
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("channels", [{}, {"push": {}}, {"email": {}}, {"push": {**CHANNEL, "VAPID_PRIVATE_KEY": "x"}}])
def test_a_site_without_push(client: APIClient, browser: Browser, channels: Any) -> None:
    with override_settings(NOTIFICATIONS={"SERVICE_KEY": SERVICE_KEY, "CHANNELS": channels}):
        assert client.get(ADDRESS).json() == {"public_key": "", "subscriptions": []}
        assert post(client, browser.subscription, 404) == {"detail": "This site sends no push messages."}


def test_a_channel_of_another_name(client: APIClient, browser: Browser) -> None:
    named = {"browser": {**CHANNEL, "BACKEND": "notifications.delivery.channels.push.PushChannel"}}
    with override_settings(NOTIFICATIONS={"SERVICE_KEY": SERVICE_KEY, "CHANNELS": named}):
        post(client, browser.subscription)


def test_who_may(service: APIClient, ana: Any, ben: Any, browser: Browser) -> None:
    assert APIClient().get(ADDRESS).status_code == 401
    assert service.get(ADDRESS).status_code == 400
    assert by_session(ben).get(f"{ADDRESS}?user_id={ana.pk}").status_code == 403
    post_as = f"{ADDRESS}?user_id={ana.pk}"
    assert service.post(post_as, browser.subscription, format="json").status_code == 201
    assert devices_of(ana.pk, using="default").count() == 1
    strict = by_session(ana, enforce_csrf_checks=True)
    assert strict.post(ADDRESS, browser.subscription, format="json").status_code == 403
    assert strict.delete(f"{ADDRESS}?id=1").status_code == 403


def signed_in(user: Any) -> Client:
    """Staff, since the admin has the one page of this site that signs out."""
    type(user).objects.filter(pk=user.pk).update(is_staff=True)
    browser = Client()
    browser.force_login(user)
    return browser


def subscribe(browser: Client, subscription: Any) -> Any:
    return browser.post(ADDRESS, subscription, content_type="application/json")


def test_who_signs_out_is_told_nothing_more_at_this_device(ana: Any, browser: Browser) -> None:
    here, elsewhere = signed_in(ana), signed_in(ana)
    other = Browser("https://fcm.googleapis.com/fcm/send/other")
    assert subscribe(here, browser.subscription).cookies[COOKIE]["httponly"]
    subscribe(elsewhere, other.subscription)

    here.force_login(ana)  # the session is another one by now
    here.post("/admin/logout/")

    assert list(PushSubscription.objects.values_list("endpoint", flat=True)) == [other.endpoint]


def test_who_signs_out_takes_nobody_elses_subscription_along(ana: Any, ben: Any, browser: Browser) -> None:
    here = signed_in(ana)
    subscribe(here, browser.subscription)
    PushSubscription.objects.update(user=ben)
    here.post("/admin/logout/")
    assert PushSubscription.objects.get().user == ben


def sign_in(browser: Client, user: Any) -> None:
    """By the form, as people do: the session of the one before may be there still, or gone."""
    user.set_password("secret")
    user.is_staff = True
    user.save()
    answer = browser.post("/admin/login/?next=/", {"username": user.get_username(), "password": "secret"})
    assert answer.status_code == 302


@pytest.mark.parametrize("has_run_out", [True, False])
def test_the_next_one_to_sign_in_gets_nothing_of_the_one_before(
    ana: Any, ben: Any, browser: Browser, has_run_out: bool
) -> None:
    here, elsewhere = signed_in(ana), signed_in(ana)
    other = Browser("https://fcm.googleapis.com/fcm/send/other")
    subscribe(here, browser.subscription)
    subscribe(elsewhere, other.subscription)
    if has_run_out:
        here.session.flush()

    sign_in(here, ben)

    assert list(PushSubscription.objects.values_list("endpoint", flat=True)) == [other.endpoint]


def test_who_signs_in_again_keeps_it(ana: Any, browser: Browser) -> None:
    here = signed_in(ana)
    subscribe(here, browser.subscription)
    sign_in(here, ana)
    assert PushSubscription.objects.get().user == ana


@pytest.mark.parametrize("cookie", ["", "x", "\0" * 64, "é"])
def test_a_cookie_that_is_none_keeps_nobody_from_signing_in(ana: Any, browser: Browser, cookie: str) -> None:
    here = Client()
    browser.subscribe(ana)
    here.cookies[COOKIE] = cookie
    sign_in(here, ana)
    assert PushSubscription.objects.exists()


def test_a_program_gets_no_cookie(client: APIClient, browser: Browser) -> None:
    response = client.post(ADDRESS, browser.subscription, format="json")
    assert COOKIE not in response.cookies
