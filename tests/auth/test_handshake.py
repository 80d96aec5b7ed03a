"""Where credentials may stand in a handshake, and which of them count."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from notifications.auth.handshake import authenticate
from notifications.auth.identity import Identity, Refused
from notifications.auth.keys import issue

ALLOWED = "key in query string not allowed by KEY_IN_QUERY_STRING"


def handshake(query: str | bytes = "", *, subprotocols: tuple[str, ...] = (), **given: Any) -> dict[str, Any]:
    """A scope as uvicorn makes it; other arguments are headers, or ``user`` and ``session``."""
    scope = {name: given.pop(name) for name in ("user", "session", "scheme") if name in given}
    headers = {"host": "testserver", **{name.replace("_", "-"): value for name, value in given.items()}}
    return {
        "type": "websocket",
        "path": "/ws/notifications",
        "query_string": query if isinstance(query, bytes) else query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "subprotocols": list(subprotocols),
        **scope,
    }


def as_subprotocol(key: str) -> str:
    return "key." + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def reason(scope: dict[str, Any]) -> str:
    answer = authenticate(scope)
    assert isinstance(answer, Refused)
    return answer.reason


def via(scope: dict[str, Any]) -> str:
    answer = authenticate(scope)
    assert isinstance(answer, Identity), answer.reason
    return answer.via


@pytest.fixture
def key(user) -> str:
    return issue(user, "laptop")[1]


def test_the_four_places_of_a_key(settings, user, key):
    settings.NOTIFICATIONS = {"KEY_IN_QUERY_STRING": True}
    assert via(handshake(x_api_key=key)) == "key"
    assert via(handshake(authorization=f"Api-Key {key}")) == "key"
    assert via(handshake(authorization=f"api-key  {key}")) == "key"
    assert via(handshake(subprotocols=("notifications.v2", as_subprotocol(key)))) == "key"
    assert via(handshake(f"api_key={key}")) == "key"


def test_a_wrong_key_in_each_place(settings, user):
    settings.NOTIFICATIONS = {"KEY_IN_QUERY_STRING": True}
    for key in ("wrong", ""):
        assert reason(handshake(x_api_key=key)) == "wrong key"
        assert reason(handshake(authorization=f"Api-Key {key}")) == "wrong key"
        assert reason(handshake(subprotocols=(as_subprotocol(key),))) == "wrong key"
        assert reason(handshake(f"api_key={key}")) == "wrong key"


@pytest.mark.parametrize("subprotocol", ["key.*", "key.____", "key.a", "key.é"])
def test_a_subprotocol_that_is_no_base64_of_a_text(user, subprotocol):
    assert reason(handshake(subprotocols=(subprotocol,))) == "key subprotocol malformed"


def test_a_key_of_bytes_that_are_no_text(user):
    assert reason(handshake(x_api_key="\xff\xfe")) == "wrong key"
    assert reason(handshake(b"api_key=\xff")) == "query string malformed"


@pytest.mark.parametrize(("setting", "debug", "allowed"), [
    (None, True, True), (None, False, False), (True, False, True), (False, True, False),
])  # fmt: skip
def test_a_key_in_the_query_string(settings, key, setting, debug, allowed):
    settings.DEBUG = debug
    settings.NOTIFICATIONS = {"KEY_IN_QUERY_STRING": setting}
    if allowed:
        assert via(handshake(f"api_key={key}")) == "key"
    else:
        assert reason(handshake(f"api_key={key}")) == ALLOWED
        assert reason(handshake(f"api_key={key}", x_api_key=key)) == ALLOWED


def test_two_keys(settings, key):
    settings.NOTIFICATIONS = {"KEY_IN_QUERY_STRING": True}
    assert reason(handshake(x_api_key=key, authorization=f"Api-Key {key}")) == "more than one key"
    assert reason(handshake(f"api_key={key}&api_key=wrong")) == "more than one key"


def test_a_wrong_key_is_not_made_good_by_a_session(user, sign_in):
    cookie = f"sessionid={sign_in(user)}"
    assert via(handshake(cookie=cookie)) == "session"
    assert reason(handshake(cookie=cookie, x_api_key="wrong")) == "wrong key"
    assert reason(handshake(cookie=cookie, x_api_key="wrong", user=user)) == "wrong key"


def test_the_authorization_of_another_scheme_is_the_hosts_business(user, sign_in):
    assert via(handshake(cookie=f"sessionid={sign_in(user)}", authorization="Bearer abc")) == "session"


def test_the_service_key_takes_the_user_id_of_the_query(service_key, user):
    assert via(handshake(f"user_id={user.pk}", x_api_key=service_key)) == "service"
    assert reason(handshake(x_api_key=service_key)) == "user_id missing"
    assert reason(handshake("user_id=", x_api_key=service_key)) == "user_id missing"
    assert reason(handshake(f"user_id={user.pk}&user_id={user.pk}", x_api_key=service_key)) == "user_id malformed"


def test_no_credentials(user):
    assert reason(handshake()) == "no credentials"
    assert reason(handshake(f"user_id={user.pk}")) == "no credentials"
    assert reason(handshake(user=AnonymousUser())) == "no credentials"
    assert reason(handshake(cookie="csrftoken=abc; sessionid=")) == "no credentials"


def test_the_session_cookie_by_the_name_the_site_gave_it(settings, user):
    settings.SESSION_COOKIE_NAME = "shop"
    client = Client()
    client.force_login(user)
    cookie = client.cookies["shop"].value
    assert via(handshake(cookie=f"csrftoken=abc; shop={cookie}")) == "session"
    assert reason(handshake(cookie=f"sessionid={cookie}")) == "no credentials"


def test_the_session_counts_where_the_hosts_middleware_knows_nobody(user, sign_in):
    assert via(handshake(user=AnonymousUser(), cookie=f"sessionid={sign_in(user)}")) == "session"


def test_a_user_of_the_hosts_middleware(user, other):
    assert via(handshake(user=user)) == "host"
    assert via(handshake(f"user_id={user.pk}", user=user)) == "host"
    assert reason(handshake(f"user_id={other.pk}", user=user)) == "user_id is not the session's own"


def test_the_hosts_session_is_kept_in_mind_where_it_proves_the_user(user, other):
    client = Client()
    client.force_login(user)
    session = client.session
    assert authenticate(handshake(user=user, session=session)).session_key == session.session_key
    assert authenticate(handshake(user=other, session=session)).session_key is None
    assert authenticate(handshake(user=user, session=Client().session)).session_key is None


def test_a_foreign_page_with_cookies(user, sign_in):
    cookie = f"sessionid={sign_in(user)}"
    assert via(handshake(cookie=cookie, origin="http://testserver")) == "session"
    for given in ({"cookie": cookie}, {"user": user}):
        for origin in ("http://evil.com", "null"):
            answer = authenticate(handshake(origin=origin, **given))
            assert (answer.reason, answer.code, answer.message) == (
                "origin not allowed", 4403, "Origin not allowed",
            )  # fmt: skip


def test_a_foreign_page_with_a_key(key):
    assert via(handshake(x_api_key=key, origin="http://evil.com")) == "key"


def test_a_host_that_the_site_does_not_have_is_not_its_own(user):
    assert via(handshake(user=user, host="testserver", origin="http://testserver")) == "host"
    assert reason(handshake(user=user, host="evil.com", origin="http://evil.com")) == "origin not allowed"


def test_the_host_behind_a_proxy(settings, user):
    scope = handshake(user=user, host="127.0.0.1:8000", x_forwarded_host="testserver", origin="http://testserver")
    assert reason(scope) == "origin not allowed"
    settings.USE_X_FORWARDED_HOST = True
    assert via(scope) == "host"


def test_a_plain_page_when_the_socket_is_known_to_be_secure(settings, user):
    scope = handshake(user=user, origin="http://testserver", x_forwarded_proto="https")
    assert via(scope) == "host"
    assert reason({**scope, "scheme": "wss"}) == "origin not allowed"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert reason(scope) == "origin not allowed"


def test_a_query_string_of_too_many_fields(user):
    assert reason(handshake("a=1&" * 2_000)) == "query string malformed"


def test_a_refusal_keeps_no_frames(user):
    answer = authenticate(handshake(x_api_key="wrong"))
    assert (answer.__traceback__, answer.__context__) == (None, None)
    assert (answer.code, answer.message) == (1008, "Unauthorized")


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        (None, "service"),
        ("http://testserver", "service"),
        ("http://localhost:3000", "service"),
        ("http://127.0.0.1:8080", "service"),
        ("https://evil.com", "origin not allowed"),
        ("http://localhost.evil.com", "origin not allowed"),
        ("null", "origin not allowed"),
    ],
)
def test_the_development_key_is_no_key_for_foreign_pages(settings, user, origin, answer):
    settings.DEBUG, settings.NOTIFICATIONS = True, {"SERVICE_KEY": "dev"}
    scope = handshake(f"user_id={user.pk}&api_key=dev", **({"origin": origin} if origin else {}))
    assert (via if answer == "service" else reason)(scope) == answer
