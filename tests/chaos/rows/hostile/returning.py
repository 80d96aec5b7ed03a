"""Everybody comes back at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from ...spec import Result, row
from ...world import World
from .shutdown import open_all
from .sockets import Listener

CLIENTS = 1_000
SPREAD_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0
UP_TO_DATE_SECONDS = 30.0
REPLAY_QUERIES = 50

# pg_stat_statements keeps the literals out. Nothing else in the product reads notifications and inboxes together so.
COUNT_REPLAYS = """
    SELECT coalesce(sum(calls), 0) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid
    WHERE d.datname = current_database() AND query LIKE 'SELECT%"ntf_inbox"%"ntf_notification"%'
"""


@dataclass
class Returning:
    """One client that was here before: where it stands, and what it hears when it is back."""

    user: int
    rev: int | None = None
    epoch: str = ""
    shown: list[int] = field(default_factory=list)
    refused: int = 0
    tab: Listener | None = None

    def __post_init__(self) -> None:
        self.up_to_date = asyncio.Event()

    def hear(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "connection_established" and self.rev is None:
            self.rev, self.epoch = data["rev"], data["epoch"]
        elif kind == "notification":
            self.shown.append(data["id"])
        elif kind == "sync_complete":
            self.rev = data["rev"]
            self.up_to_date.set()

    async def come(self, world: World) -> None:
        """As PROTOCOL has it: full jitter, first within two seconds, later and later."""
        spread = SPREAD_SECONDS
        while True:
            await asyncio.sleep(random.uniform(0, spread))
            try:
                self.tab = await Listener.open(world, self.user, self.hear, since=self.rev, epoch=self.epoch)
            except OSError:
                self.refused += 1
                spread = min(spread * 2, LONGEST_PAUSE_SECONDS)
            else:
                await self.up_to_date.wait()
                return


@row(
    f"{CLIENTS:,} clients return after a restart, all having missed something",
    f"all up to date ≤ 30 s, no handshake refused, ≤ {REPLAY_QUERIES} replay queries in all",
    tutorial=False,
    quiet=True,
    layers=("pubsub",),
    databases=("postgresql",),
)
async def thousand_return(world: World) -> Result:
    await world.db(_start_counting)
    clients = [Returning(user) for user in await world.people(CLIENTS)]
    await _be_here(world, clients)
    await world.end_server()
    sends = (await world.sender()).order([c.user for c in clients], count=1, per_second=1, how="to_all")
    await sends.done.wait()
    await world.start_server()
    counted = await world.db(_count_replays)
    started = time.monotonic()
    with suppress(TimeoutError):
        async with asyncio.timeout(UP_TO_DATE_SECONDS * 2):
            await asyncio.gather(*(client.come(world) for client in clients))
    seconds = time.monotonic() - started
    queries = await world.db(_count_replays) - counted
    behind, refused = await _behind(world, clients), sum(client.refused for client in clients)
    for client in clients:
        if client.tab is not None:
            client.tab.abort()
    return Result(
        work="SIGTERM, one notification to each, a new server",
        seen=f"{behind} behind after {seconds:.1f} s, {refused} refused, {queries} replay queries",
        met=not behind and seconds <= UP_TO_DATE_SECONDS and not refused and 0 < queries <= REPLAY_QUERIES,
        details=", ".join(sends.errors),
    )


async def _be_here(world: World, clients: list[Returning]) -> None:
    hears = {client.user: client.hear for client in clients}
    tabs = await open_all(world, list(hears), hears=hears)
    for tab in tabs:
        tab.abort()
    await asyncio.gather(*(tab.gone for tab in tabs))


async def _behind(world: World, clients: Iterable[Returning]) -> int:
    """How many do not have exactly what the database has for them."""
    held = await world.committed([client.user for client in clients])
    return sum(client.shown != held[client.user] or not client.up_to_date.is_set() for client in clients)


def _start_counting() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def _count_replays() -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT_REPLAYS)
        return int(cursor.fetchone()[0])
