"""Whatever dies: nothing is lost, doubled or out of order, no sender sees an error, no client a gap."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import redis.asyncio
from django.contrib.auth.models import User

from tests.faults.storm import SENDS, Storm
from tests.processes import end


async def test_redis_killed_for_two_seconds(storm: Storm, redis_server: Any):
    """The sockets stay open; so the original's clients, which cannot resume, miss nothing either."""
    await storm.start(plain=True)
    await asyncio.to_thread(redis_server.kill)
    await asyncio.sleep(2)
    await asyncio.to_thread(redis_server.start)
    await storm.all_sent()
    await storm.all_arrived()
    assert [tab.closes for tab in storm.tabs + storm.plain] == [[]] * len(storm.tabs + storm.plain)


async def test_redis_flushed_and_every_subscription_cut(storm: Storm, redis_server: Any):
    await storm.start(plain=True)
    connection = redis.asyncio.from_url(redis_server.url)
    await connection.flushall()
    await connection.client_kill_filter(_type="pubsub")
    await connection.aclose()
    await storm.all_sent()
    await storm.all_arrived()
    assert not any(tab.closes for tab in storm.tabs)


async def test_redis_hanging_for_two_seconds(storm: Storm, redis_server: Any):
    """Sends are as fast as ever, and whoever comes is let in."""
    await storm.start()
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        # Nobody of theirs is here yet, so their group must be joined.
        newcomer = await storm.live.open(await User.objects.acreate(username="newcomer"))
        assert time.monotonic() - started < 1.5
        await storm.live.send(newcomer.query["user_id"])
        await newcomer.hears("notification")
        await asyncio.sleep(started + 2 - time.monotonic())
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    await storm.all_sent()
    await storm.all_arrived()
    seconds = sorted(result["seconds"] for result in storm.results)
    assert seconds[len(seconds) * 95 // 100] < 0.6


async def test_the_server_killed_and_started_again(storm: Storm):
    await storm.start()
    await asyncio.to_thread(storm.live.site.kill)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(storm.live.site.start)
    await storm.all_sent()
    await storm.all_arrived(seconds=12)
    assert all(tab.closes[0][0] == 1006 for tab in storm.tabs)


async def test_the_server_told_to_end_and_started_again(storm: Storm):
    await storm.start()
    await asyncio.to_thread(end, storm.live.site.process)
    await asyncio.to_thread(storm.live.site.start)
    await storm.all_sent()
    await storm.all_arrived(seconds=12)
    code = 1012 if storm.live.kind == "uvicorn" else 1006
    assert all(tab.closes[0][0] == code for tab in storm.tabs)


async def test_clients_away_for_three_seconds(storm: Storm):
    await storm.start()
    for tab in storm.tabs:
        tab.rest()
        await tab.drop()
    await asyncio.sleep(3)
    for tab in storm.tabs:
        tab.stay()
    await storm.all_sent()
    await storm.all_arrived()


async def test_killed_between_commit_and_numbering(storm: Storm):
    """The sender dies at the worst moment of its last send: what it committed is delivered within five seconds."""
    await storm.start(die=True)
    await storm.all_sent()
    died = time.monotonic()
    assert storm.sender.process.wait(5) == 9
    await storm.all_arrived(seconds=5)
    assert time.monotonic() - died < 5
    assert len(storm.results) == SENDS - 1
