"""SPEC §1.5: header ``X-API-Key``, or a session; a service key adds ``user_id``. And the site's own ways."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.test import APIClient
from rest_framework.throttling import UserRateThrottle

from notifications.auth import keys

from .conftest import SERVICE_KEY, by_key, by_session, ids, send

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/notifications"
COUNT = f"{LIST}/unread-count"
CSRF = "c" * 32


class HostAuthentication(BaseAuthentication):
    """How some site logs its people in."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        name = request.headers.get("X-Host-User")
        return (get_user_model().objects.get(username=name), None) if name else None


class OnePerMinute(UserRateThrottle):
    rate = "1/min"


EVERY_CALL = [
    ("get", LIST),
    ("delete", LIST),
    ("get", f"{LIST}/1"),
    ("delete", f"{LIST}/1"),
    ("put", f"{LIST}/1/mark-as-read"),
    ("put", f"{LIST}/1/archive"),
    ("post", f"{LIST}/mark-all-read"),
    ("post", f"{LIST}/mark-seen"),
    ("get", COUNT),
    ("get", f"{LIST}/changes"),
    ("post", f"{LIST}/send"),
    ("get", f"{LIST}/metrics"),
]


@pytest.mark.parametrize(("method", "address"), EVERY_CALL)
def test_401_without_and_with_a_wrong_key(method: str, address: str) -> None:
    for client in (APIClient(), by_key("wrong"), by_key(""), by_key("é\udcff"), by_key("ntf_aaaaaaaa_" + "b" * 43)):
        response = getattr(client, method)(address)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == 'Api-Key realm="notifications"'
        assert list(response.json()) == ["detail"]


def test_a_users_own_key_in_either_header(ana: Any) -> None:
    send(ana)
    _, key = keys.issue(ana, "test")
    assert by_key(key).get(COUNT).json() == {"unread_count": 1}
    assert APIClient(HTTP_AUTHORIZATION=f"Api-Key {key}").get(COUNT).json() == {"unread_count": 1}
    assert APIClient(HTTP_AUTHORIZATION=f"api-key {key}").get(COUNT, {"user_id": ana.pk}).status_code == 200


def test_a_key_in_the_query_string_is_not_looked_at(ana: Any) -> None:
    assert APIClient().get(COUNT, {"api_key": SERVICE_KEY, "user_id": ana.pk}).status_code == 401


def test_two_keys_are_refused(ana: Any) -> None:
    client = APIClient(HTTP_X_API_KEY=SERVICE_KEY, HTTP_AUTHORIZATION=f"Api-Key {SERVICE_KEY}")
    assert client.get(COUNT, {"user_id": ana.pk}).status_code == 401


def test_a_users_own_key_is_for_nobody_else(client: APIClient, ana: Any, ben: Any) -> None:
    send(ben)
    for other in (ben.pk, "abc", ben.pk + 1):
        assert client.get(LIST, {"user_id": other}).status_code == 401
    assert ids(client.get(LIST, {"user_id": ana.pk})) == []


def test_a_revoked_key_and_an_inactive_user(ana: Any) -> None:
    row, key = keys.issue(ana, "test")
    client = by_key(key)
    ana.is_active = False
    ana.save()
    assert client.get(COUNT).status_code == 401
    ana.is_active = True
    ana.save()
    assert client.get(COUNT).status_code == 200
    keys.revoke(row)
    assert client.get(COUNT).status_code == 401


def test_the_service_key_acts_for_the_user_it_names(service: APIClient, ana: Any, ben: Any) -> None:
    [pk] = send(ana)
    assert ids(service.get(LIST, {"user_id": ana.pk})) == [pk]
    assert ids(service.get(LIST, {"user_id": ben.pk})) == []
    assert service.put(f"{LIST}/{pk}/mark-as-read?user_id={ben.pk}").status_code == 404
    assert service.put(f"{LIST}/{pk}/mark-as-read?user_id={ana.pk}").json()["read"] is True


@pytest.mark.parametrize(("method", "address"), EVERY_CALL[:10])
@pytest.mark.parametrize(
    "query", ["", "?user_id=", "?user_id=abc", "?user_id=999999", "?user_id=1%00", f"?user_id={2**70}"]
)
def test_the_service_key_must_name_one(service: APIClient, ana: Any, method: str, address: str, query: str) -> None:
    response = getattr(service, method)(address + query)
    assert (response.status_code, list(response.json())) == (400, ["user_id"])


def test_dev_is_no_key_without_debug(ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {}
    assert by_key("dev").get(COUNT, {"user_id": ana.pk}).status_code == 401
    settings.DEBUG = True
    assert by_key("dev").get(COUNT, {"user_id": ana.pk}).status_code == 200


def test_a_session(ana: Any, ben: Any) -> None:
    [pk] = send(ana)
    client = by_session(ana)
    assert ids(client.get(LIST)) == [pk]
    assert ids(client.get(LIST, {"user_id": ana.pk})) == [pk]
    assert client.get(LIST, {"user_id": ben.pk}).status_code == 403


def test_a_session_must_bring_its_csrf_token_to_write(ana: Any) -> None:
    [pk] = send(ana)
    client = by_session(ana, enforce_csrf_checks=True)
    refused = client.put(f"{LIST}/{pk}/mark-as-read")
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("CSRF Failed")
    assert client.get(COUNT).json() == {"unread_count": 1}
    client.cookies["csrftoken"] = CSRF
    assert client.put(f"{LIST}/{pk}/mark-as-read", HTTP_X_CSRFTOKEN=CSRF).json()["read"] is True


def test_a_key_needs_no_csrf_token(ana: Any) -> None:
    client = APIClient(enforce_csrf_checks=True, HTTP_X_API_KEY=keys.issue(ana, "test")[1])
    assert client.post(f"{LIST}/mark-all-read").status_code == 200


def test_a_session_does_not_make_up_for_a_wrong_key(ana: Any) -> None:
    for key in ("wrong", ""):
        assert by_session(ana, HTTP_X_API_KEY=key).get(LIST).status_code == 401


def test_the_sites_own_authenticators_stay_and_so_do_ours(ana: Any, ben: Any, settings: Any) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [f"{__name__}.HostAuthentication"]}
    send(ben)
    assert APIClient(HTTP_X_HOST_USER="ben").get(COUNT).json() == {"unread_count": 1}
    assert by_key(keys.issue(ana, "test")[1]).get(COUNT).json() == {"unread_count": 0}
    assert by_session(ana).get(COUNT).json() == {"unread_count": 0}
    assert by_session(ana, enforce_csrf_checks=True).post(f"{LIST}/mark-all-read").status_code == 403
    assert APIClient().get(COUNT).status_code == 401


def test_a_user_whom_only_the_sites_authenticator_knows_has_no_inbox(ana: Any) -> None:
    client = APIClient()
    client.force_authenticate(get_user_model()(pk=ana.pk + 1, username="elsewhere"))
    assert client.get(LIST).status_code == 404
    assert client.get(f"{LIST}/changes", {"since": 0, "epoch": "x"}).status_code == 404


def test_the_sites_throttles_apply(ana: Any, ben: Any, settings: Any) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_CLASSES": [f"{__name__}.OnePerMinute"]}
    cache.clear()
    client = by_key(keys.issue(ana, "test")[1])
    assert client.get(COUNT).status_code == 200
    refused = client.get(COUNT)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert by_session(ben).get(COUNT).status_code == 200
    cache.clear()
