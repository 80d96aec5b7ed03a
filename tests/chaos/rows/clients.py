"""Clients go away, or the network between fails without telling."""

from __future__ import annotations

import asyncio

from ..spec import Result, row
from ..storm import storm
from ..world import World

AWAY_SECONDS = 3.0


@row("Clients away for 3 s", "0 lost")
async def clients_away(world: World) -> Result:
    cycles, count = (20, 10_000) if world.long else (1, 500)
    async with storm(world) as people:
        sends = await people.send(count)
        for number in range(1, cycles + 1):
            await sends.until_sent(count * number // (cycles + 2), seconds=count)
            for tab in people.tabs:
                tab.rest()
            world.door.cut()
            await asyncio.sleep(AWAY_SECONDS)
            for tab in people.tabs:
                tab.stay()
        history = await people.settle(patience=count)
        return history.result(f"{cycles}× in {count} sends")


@row("Half-open sockets", "0 lost: the client misses the pings and comes back")
async def half_open(world: World) -> Result:
    rounds, count = (5, 3_000) if world.long else (1, 400)
    async with storm(world) as people:
        sends = await people.send(count)
        for number in range(1, rounds + 1):
            await sends.until_sent(count * number // (rounds + 3), seconds=count)
            world.door.freeze()
        history = await people.settle(patience=count)
        return history.result(f"{rounds}× in {count} sends")


@row("A slow network that cuts frames in two", "0 lost")
async def frames_truncated(world: World) -> Result:
    rounds, count = (20, 3_000) if world.long else (3, 300)
    async with storm(world) as people:
        world.door.delay_seconds = 0.05
        sends = await people.send(count)
        for number in range(1, rounds + 1):
            await sends.until_sent(count * number // (rounds + 1), seconds=count)
            world.door.truncate()
        history = await people.settle(patience=count)
        return history.result(f"{rounds}× in {count} sends")


@row(
    "Idle sockets",
    "0 closed, and all there afterwards",
    tutorial_layer="core-by-default",
    alone=True,
    every_layer=True,
    databases=("postgresql",),
)
async def idle_sockets(world: World) -> Result:
    seconds = 60 if world.long else 20
    async with storm(world, people=100) as people:
        for tab in people.tabs:
            tab.rest()
        await asyncio.sleep(seconds)
        closed = sum(bool(tab.closes) for tab in people.tabs)
        await people.send(100, per_second=100)
        history = await people.settle()
        return history.result(f"100 for {seconds} s", also=closed == 0, note=f"{closed} closed" * bool(closed))
