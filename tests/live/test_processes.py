"""Several server processes: with Redis at once, without it within three seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.contrib.auth.models import User

from notifications.inbox.sending import send_notification
from tests.live.conftest import NO_SWEEPER, STEADY
from tests.live_site import TYPE, LiveSite


@pytest.fixture
async def pair(running, transactional_db, redis_server) -> AsyncIterator[list[LiveSite]]:
    """uvicorn and daphne behind one Redis. Their reconcilers sleep: only hints go between them."""
    sites = [LiveSite(running(kind, env={"REDIS_URL": redis_server.url}, **STEADY)) for kind in ("uvicorn", "daphne")]
    yield sites
    for site in sites:
        await site.close()


@pytest.fixture
async def pair_without_redis(running, transactional_db) -> AsyncIterator[list[LiveSite]]:
    sites = [LiveSite(running(kind, env={"REDIS_URL": None}, **NO_SWEEPER)) for kind in ("uvicorn", "daphne")]
    yield sites
    for site in sites:
        await site.close()


async def test_a_send_in_one_process_reaches_the_sockets_of_both(pair, user, other):
    tabs = [await site.open(user) for site in pair]
    bystanders = [await site.open(other) for site in pair]
    for number, site in enumerate(pair, 1):
        pk = await site.send(user, f"from {site.kind}")
        for tab in tabs:
            assert (await tab.hears("notification", number, seconds=3))["id"] == pk
    assert [tab.copy.live_revs for tab in tabs] == [[1, 2], [1, 2]]
    for bystander in bystanders:
        await bystander.ask_back()
        assert bystander.copy.shown == []


async def test_what_is_read_in_one_process_is_read_in_the_other(pair, user):
    here, there = [await site.open(user) for site in pair]
    pk = await pair[0].send(user)
    await there.hears("notification")
    await there.say("mark_read", notification_id=pk)
    for tab in (here, there):
        await tab.hears("notification_read_confirmation")
        assert (tab.copy.unread, tab.copy.unread_count, tab.copy.live_revs) == (set(), 0, [1, 2])


async def test_a_send_to_many_in_one_process_reaches_the_sockets_of_both(pair, user, other):
    tabs = [await site.open(one) for site in pair for one in (user, other)]
    await pair[0].send_to_many([user, other])
    for tab in tabs:
        assert (await tab.hears("notification", seconds=3))["rev"] == 1


async def test_many_sends_at_once_are_coalesced_and_arrive_in_order(pair, user):
    client = await pair[1].open(user)
    await asyncio.gather(*(pair[0].send(user, str(number)) for number in range(60)))
    await client.until(lambda: client.copy.rev == 60, seconds=10)
    assert client.copy.seqs == list(range(1, 61))


async def test_a_hint_of_a_version_that_nobody_knows_makes_all_look(pair, user, redis_server, settings):
    settings.NOTIFICATIONS = {"CHANNEL_LAYER": "none"}
    tabs = [await site.open(user) for site in pair]
    await sync_to_async(send_notification)(user, TYPE, "told by nobody")
    layer = RedisPubSubChannelLayer(hosts=[redis_server.url])
    await layer.group_send("notifications.all", {"type": "notifications.hint", "v": 99, "news": "unheard of"})
    for tab in tabs:
        assert (await tab.hears("notification", seconds=3))["replay"] is True
    await layer.flush()


async def test_without_redis_it_takes_three_seconds_at_most(pair_without_redis, user, other):
    """Two server processes, and then a third one that serves nobody: this."""
    here, there = pair_without_redis
    third = await User.objects.acreate(username="cleo")
    people = [user, other, third]  # one for each sender: what comes from another would show the gap
    tabs = [await site.open(one) for site in pair_without_redis for one in people]
    await asyncio.gather(
        here.send(user), there.send(other), sync_to_async(send_notification)(third, TYPE, "from a shell")
    )
    started = time.monotonic()
    for tab in tabs:
        await tab.hears("notification", seconds=3)
    assert time.monotonic() - started < 3
    assert [tab.copy.seqs for tab in tabs] == [[1]] * 6
