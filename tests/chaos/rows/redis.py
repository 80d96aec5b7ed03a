"""Redis dies, forgets, drops, or hangs."""

from __future__ import annotations

import asyncio
import signal
import time

import redis.asyncio

from ..sending import PROMPT_SECONDS
from ..spec import Result, row
from ..storm import storm
from ..world import World

DOWN_SECONDS = 1.0
RECONCILE_SECONDS = 5.0  # the default with a layer between processes
HANDSHAKE_SECONDS = 2.0


@row("Redis killed", "0 lost, doubled, out of order; 0 sender errors; sockets stay open", every_layer=True)
async def redis_killed(world: World) -> Result:
    kills, count = (10, 10_000) if world.long else (2, 400)
    async with storm(world, plain=True) as people:
        sends = await people.send(count)
        for number in range(1, kills + 1):
            await sends.until_sent(count * number // (kills + 2), seconds=count)
            await world.kill_redis()
            await asyncio.sleep(DOWN_SECONDS)
            await world.start_redis()
        history = await people.settle(patience=count)
        return history.result(f"{kills}× in {count} sends", also=people.untouched)


@row(
    "FLUSHALL, subscriptions cut", "repaired within the reconciler's 5 s + 1 s", every_layer=True, tutorial_layer="core"
)
async def redis_flushed(world: World) -> Result:
    count = 1_000 if world.long else 300
    async with storm(world, plain=True) as people:
        sends = await people.send(count)
        await sends.until_sent(count // 3)
        connection = redis.asyncio.from_url(world.redis.url)
        await connection.flushall()
        if world.place.layer == "pubsub":
            await connection.client_kill_filter(_type="pubsub")
        await connection.aclose()
        history = await people.settle()
        in_time = history.seconds <= RECONCILE_SECONDS + 1
        return history.result(f"in {count} sends", also=in_time and people.untouched)


@row("The last hint silently dropped", "repaired within the reconciler's 5 s + 1 s", every_layer=True)
async def last_hint_dropped(world: World) -> Result:
    async with storm(world, plain=True) as people:
        await people.send(50, per_second=200)
        before = await people.settle()
        world.redis_link.swallow_answers = True
        await people.send(50, per_second=500)
        await people.all_sent()
        await asyncio.sleep(0.3)  # the hints are published behind the senders' backs
        world.redis_link.swallow_answers = False
        swallowed, world.redis_link.swallowed = world.redis_link.swallowed, 0
        history = await people.settle()
        in_time = history.seconds <= RECONCILE_SECONDS + 1
        return history.result("50 hints", also=before.perfect and in_time and swallowed > 0 and people.untouched)


@row("Redis accepts and says nothing", f"sends ≤ {PROMPT_SECONDS} s, handshakes work, 0 lost", every_layer=True)
async def redis_hangs(world: World) -> Result:
    seconds = 21.0 if world.long else 4.0
    async with storm(world) as people:
        await people.send(50)  # the first of a process imports half of it
        await people.settle()
        assert world.redis.process is not None
        world.redis.process.send_signal(signal.SIGSTOP)
        try:
            sends = await people.send(int(seconds * 25), per_second=25)
            over = time.monotonic() + seconds
            handshake = await _handshake(world, seconds)
            await asyncio.sleep(over - time.monotonic())
            slowest, prompt = sends.slowest, sends.prompt
        finally:
            world.redis.process.send_signal(signal.SIGCONT)
        history = await people.settle(patience=10)
        note = f"slowest send {slowest:.2f} s, handshake {handshake:.2f} s"
        met = prompt and handshake <= HANDSHAKE_SECONDS
        return history.result(f"for {seconds:.0f} s", also=met, note=note)


async def _handshake(world: World, seconds: float) -> float:
    """How long somebody waits of whom this process has not heard yet, so that a group must be joined."""
    (newcomer,) = await world.people(1)
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            await world.client(newcomer).connect()
    except TimeoutError:
        pass
    return time.monotonic() - started
