"""The server dies, is told to end, or everything dies at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import redis.asyncio

from ..spec import Result, row
from ..storm import Storm, storm
from ..world import World

GONE_SECONDS = 0.5
RESTART_CODE = {"uvicorn": 1012, "daphne": 1006}  # daphne cuts its sockets


@row("Server killed (-9), and by SIGTERM; replaced", "0 lost; nothing of the dead process stays subscribed")
async def server_killed(world: World) -> Result:
    kills, count = (5, 1_000) if world.long else (1, 400)
    async with storm(world) as people:
        before = await _subscribers(world)
        sends = await people.send(count)
        for number in range(1, kills + 2):
            await sends.until_sent(count * number // (kills + 3))
            await people.all_back()
            await (world.kill_server() if number <= kills else world.end_server())
            await asyncio.sleep(GONE_SECONDS)
            await world.start_server()
        history = await people.settle()
        if world.long:
            await asyncio.sleep(60)
        left = await _subscribers(world) - before
        met = left <= 0 and sends.prompt and _said_goodbye(people)
        note = (
            "" if met else f"{left} dead subscriptions, slowest send {history.slowest:.2f} s, closed {_codes(people)}"
        )
        return history.result(f"{kills}× and 1× in {count} sends", also=met, note=note)


def _said_goodbye(people: Storm) -> bool:
    """Whether the SIGTERM closed every socket as this server can."""
    if not people.world.is_product:
        return True
    expected = RESTART_CODE[people.world.place.server]
    return all(tab.closes[-1][0] == expected for tab in people.tabs)


def _codes(people: Storm) -> dict[int, int]:
    return Counter(code for tab in people.tabs for code, _ in tab.closes)


async def _subscribers(world: World) -> int:
    connection = redis.asyncio.from_url(world.redis.url)
    try:
        return len(await connection.client_list(_type="pubsub"))
    finally:
        await connection.aclose()


@row("Redis, server and clients together", "0 lost, all there within 10 s")
async def everything_killed(world: World) -> Result:
    rounds, count = (5, 2_000) if world.long else (1, 300)
    async with storm(world) as people:
        sends = await people.send(count)
        for number in range(1, rounds + 1):
            await sends.until_sent(count * number // (rounds + 1))
            await asyncio.gather(world.kill_redis(), world.kill_server())
            world.door.cut()
            await asyncio.sleep(GONE_SECONDS)
            await asyncio.gather(world.start_redis(), world.start_server())
        history = await people.settle()
        return history.result(f"{rounds}× in {count} sends", also=history.seconds <= 10)
