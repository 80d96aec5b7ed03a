"""Whatever stands in a handshake, there is a decision: somebody, or nobody and why."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from notifications.auth.handshake import authenticate
from notifications.auth.identity import Identity, Refused
from notifications.auth.keys import issue

from .conftest import SERVICE_KEY, SignIn
from .test_handshake import as_subprotocol

pytestmark = pytest.mark.django_db

whatever = settings(
    max_examples=2_000 if os.environ.get("LONG") == "1" else 150,
    # The database is the same for all examples: nothing is written.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

HEADERS = [
    b"host", b"origin", b"cookie", b"x-api-key", b"authorization", b"content-type", b"content-length",
    b"x-forwarded-host", b"x-forwarded-proto", b"sec-websocket-protocol",
]  # fmt: skip
# Replaced by real ones below: half of what is tried begins with something right.
KEY, SERVICE, SESSION = "<key>", "<service>", "<session>"
PARTS = [
    KEY, SERVICE, SESSION, "Api-Key ", "sessionid=", "; ", ",", "key.", "ntf_", "user_id=", "api_key=", "&", "1", "0",
    "%", "%00", "%ff", "=", "=====", "http://", "https://", "testserver", "[", "]", ":", "@", "null", "*", " ",
    "application/json", ";charset=", ";charset*=utf-8''", "utf-16", "zlib", "idna", "\x00", "\xff",
]  # fmt: skip
parts = st.sampled_from(PARTS)
words = st.lists(parts | st.text(st.characters(max_codepoint=255), max_size=10), max_size=8).map("".join)
scopes = st.fixed_dictionaries(
    {
        "query_string": words,
        "headers": st.lists(st.tuples(st.sampled_from(HEADERS) | st.binary(max_size=10), words), max_size=8),
        "subprotocols": st.lists(words | words.map(as_subprotocol) | st.text(st.characters(), max_size=10), max_size=4),
        "scheme": st.sampled_from(["ws", "wss", "http", "", "\x00"]),
    }
)


@pytest.fixture
def real(user: User, sign_in: SignIn, service_key: str) -> dict[str, str]:
    return {KEY: issue(user, "laptop")[1], SERVICE: SERVICE_KEY, SESSION: sign_in(user)}


def scope_of(said: dict[str, Any], real: dict[str, str]) -> dict[str, Any]:
    def filled(text: str) -> str:
        for name, value in real.items():
            text = text.replace(name, value)
        return text

    def raw(text: str) -> bytes:
        return filled(text).encode("latin-1", "replace")

    return {
        "type": "websocket",
        "path": "/ws/notifications",
        "scheme": said["scheme"],
        "query_string": raw(said["query_string"]),
        "headers": [(name, raw(value)) for name, value in said["headers"]],
        "subprotocols": [filled(name) for name in said["subprotocols"]],
    }


def header(name: bytes, value: str, *more: tuple[bytes, str], **instead: Any) -> dict[str, Any]:
    return {"query_string": "", "headers": [(name, value), *more], "subprotocols": [], "scheme": "ws", **instead}


@whatever
@given(scopes)
@example(header(b"content-type", "application/json;charset=\x00"))
@example(header(b"content-type", "application/json;charset*=utf-8''%00"))  # the same, as any server lets it through
@example(header(b"content-type", "application/json;charset*=bogus''a"))  # from Django 6.1 on it is a BadRequest
@example(header(b"content-type", "application/json;charset=idna"))
@example(header(b"cookie", "sessionid=12345678\x00"))
@example(header(b"cookie", f"sessionid={'x' * 5_000}"))
@example(header(b"x-api-key", SERVICE, query_string="user_id=" + "9" * 5_000))
@example(header(b"x-api-key", SERVICE, query_string="user_id=%00"))
@example(header(b"cookie", f"sessionid={SESSION}", (b"origin", "http://[")))
@example(header(b"host", "[", subprotocols=["key.\ud800"]))
def test_any_handshake_has_a_decision(real: dict[str, str], user: User, said: dict[str, Any]) -> None:
    answer = authenticate(scope_of(said, real))
    if isinstance(answer, Identity):
        assert answer.user_id == user.pk
        return
    assert isinstance(answer, Refused)
    assert answer.code in {1008, 4403}
    # For the log: one of our own phrases, and never what was sent.
    assert answer.reason.isascii()
    assert answer.reason.isprintable()
    assert not any(secret in answer.reason for secret in real.values())


@whatever
@given(st.sampled_from([KEY, SERVICE, SESSION]), st.data())
def test_a_right_credential_in_its_place_is_somebody_whatever_else_there_is(
    real: dict[str, str], user: User, credential: str, data: st.DataObject
) -> None:
    """Other headers, subprotocols and fields of the query do not take the right away."""
    others = st.sampled_from([b"accept", b"user-agent", b"x-real-ip", b"x-request-id", b"referer"])
    said = header(*{SESSION: (b"cookie", f"sessionid={SESSION}")}.get(credential, (b"x-api-key", credential)))
    said["headers"] += data.draw(st.lists(st.tuples(others, words), max_size=4))
    said["subprotocols"] = data.draw(st.lists(st.text(max_size=10).filter(lambda name: not name.startswith("key."))))
    said["query_string"] = f"user_id={user.pk}&since={data.draw(st.integers())}"
    answer = authenticate(scope_of(said, real))
    assert isinstance(answer, Identity)
    assert answer.via == {KEY: "key", SERVICE: "service", SESSION: "session"}[credential]
