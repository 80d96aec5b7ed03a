"""SPEC §1.2 and §1.8: the three tests of the endpoint, to the letter of the original, on each server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.live_site import SERVICE_KEY, LiveSite

SECRET = "a-key-that-is-wrong-but-secret"


@pytest.fixture
def users_1_and_123(transactional_db: None) -> None:
    for pk in (1, 123):
        User.objects.create_user(f"user{pk}", pk=pk)


@pytest.fixture(params=["uvicorn", "daphne"])
async def original(request: pytest.FixtureRequest, users_1_and_123: None, make_site: Any) -> AsyncIterator[LiveSite]:
    """The site as the original was run: DEBUG, the key ``dev``, users 1 and 123."""
    live = LiveSite(make_site(kind=request.param, TEST_SITE_DEBUG="1", DASHBOARD_API_KEY=None))
    yield live
    await live.close()


async def test_it_works_as_the_original_wrote_it(original):
    for path in ("ws/notifications?user_id=123&api_key=dev", "ws/notifications/?user_id=1&api_key=dev"):
        address, _, query = path.partition("?")
        client = original.stranger(dict(pair.split("=") for pair in query.split("&")))
        client.url = f"{original.site.ws}/{address}"
        await client.connect()
        greeting = await client.hears("connection_established")
        user_id = int(client.query["user_id"])
        assert greeting == {"user_id": user_id, "message": "Connected to notification server"}
        assert await client.hears("unread_count") == {"unread_count": 0}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"user_id": 123, "api_key": SECRET}, "wrong key"),
        ({"user_id": 123}, "no credentials"),
        ({"api_key": "dev"}, "user_id missing"),
        ({"user_id": "one", "api_key": "dev"}, "user_id malformed"),
        ({"user_id": "9" * 40, "api_key": "dev"}, "user_id malformed"),
        ({"user_id": 77, "api_key": "dev"}, "unknown user"),
        ({"user_id": 123, "api_key": "ntf_abcdefgh_" + "x" * 43}, "wrong key"),
    ],
)
async def test_whoever_is_not_authorised_is_told_1008(live, user, query, reason):
    """After the accept, or a browser would see a bare 1006 and try again. The log has one warning, and no key."""
    query = {name: SERVICE_KEY if value == "dev" else value for name, value in query.items()}
    before = len(live.site.read_log())
    client = await live.stranger(query).connect()
    assert await client.closes_with(1008) == "Unauthorized"
    assert client.types == ["error"]
    assert client.of("error")[0] == {"code": "unauthorized", "message": "Unauthorized"}
    log = live.site.read_log()[before:]
    warnings = [json.loads(line) for line in log.splitlines() if '"WARNING"' in line]
    assert [(w["message"], w["reason"], w["code"]) for w in warnings] == [("socket refused", reason, 1008)]
    assert not any(key in log for key in (SECRET, SERVICE_KEY, "ntf_abcdefgh"))


async def test_the_flow_greets_counts_listens_and_cleans_up(live, user):
    await live.send(user)
    client = await live.open(user, protocol=1)
    await client.hears("unread_count")
    assert client.types == ["connection_established", "unread_count"]
    assert client.copy.unread_count == 1
    await client.say("get_unread_count")
    await client.say("ping")
    await client.hears("pong")
    assert client.types[2:] == ["unread_count", "pong"]
    before = len(live.site.read_log())
    await client.leave()
    entry = await live.logs("socket closed", since=before)
    assert (entry["user_id"], entry["code"], entry["active_connections"]) == (str(user.pk), 1000, 0)
    assert entry["seconds"] >= 0
