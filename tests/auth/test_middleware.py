"""The middleware says who is there; what follows from it is decided inside."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from notifications.auth.keys import issue
from notifications.middleware import ApiKeyMiddleware
from tests.auth.test_handshake import handshake

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def one_thread(settings):
    settings.NOTIFICATIONS = {"DB_THREADS": 0}


async def through_the_middleware(scope: dict[str, Any]) -> dict[str, Any]:
    """The scope that the application inside sees. Nothing is received or sent on the way."""
    seen: list[dict[str, Any]] = []

    async def inner(scope: dict[str, Any], receive: Any, send: Any) -> str:
        seen.append(scope)
        return "answer"

    assert await ApiKeyMiddleware(inner)(scope, None, None) == "answer"
    return seen[0]


@pytest.fixture
def key(user) -> str:
    return issue(user, "laptop")[1]


async def test_a_good_key(user, key):
    scope = handshake(x_api_key=key)
    assert (await through_the_middleware(scope))["notifications"].user_id == user.pk
    assert "notifications" not in scope


async def test_a_wrong_key_comes_through_as_a_refusal(user):
    assert (await through_the_middleware(handshake(x_api_key="wrong")))["notifications"].reason == "wrong key"


async def test_other_scopes_pass_untouched():
    for kind in ("http", "lifespan"):
        scope = {"type": kind}
        assert await through_the_middleware(scope) is scope


async def test_no_key_in_any_record(user, caplog):
    caplog.set_level(logging.DEBUG)
    await through_the_middleware(handshake(x_api_key="secret123"))
    assert "secret123" not in caplog.text
