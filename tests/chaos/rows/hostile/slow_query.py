"""A database call that takes its time."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from contextlib import AsyncExitStack
from typing import Any, Self

from django.db import transaction

from tests import wire

from ...spec import Result, row
from ...world import World
from .sockets import Listener
from .watch import percentile, watch

LOCKED_SECONDS = 3.0
ASKING = 5
MEDIAN_MILLISECONDS = 50
BUSY_FACTOR = 2  # on a machine that is busy with other things all take longer, also before the lock
LONGEST_MILLISECONDS = 1_000  # whoever waits for the lock, waits longer


@row(
    f"A {LOCKED_SECONDS:.0f} s database call in one consumer",
    "others' commands and live notifications take 50 ms (a busy machine: twice of before), none waits for it",
    layers=("pubsub",),
    databases=("postgresql",),
    quiet=True,
    settings={"LOCK_TIMEOUT_SECONDS": 10.0},  # else it would give up after one
)
async def slow_database_call(world: World) -> Result:
    victim, *asking = await world.people(1 + ASKING)
    (await world.sender()).order([victim], count=1, per_second=1)
    pk = await _until_held(world, victim)
    async with watch(world) as others, AsyncExitStack() as tabs:
        marked: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        waiting = await Listener.open(world, victim, lambda kind, data: _is_marked(marked, kind))
        askers = [await tabs.enter_async_context(Asker(world, user)) for user in asking]
        before = await _ask(askers, LOCKED_SECONDS / 2)
        others.start()
        holding = await _hold(world, pk)
        waiting.say(wire.command("mark_read", notification_id=pk))
        started = time.monotonic()
        during = await _ask(askers, LOCKED_SECONDS - 0.2)
        await holding
        await others.end()
        waited = await asyncio.wait_for(marked, 10) - started
        waiting.abort()
    normal, median = (percentile(took, 50) * 1e3 for took in (before, during))
    slowest = max(*during, *others.latencies, 0.0) * 1e3
    limit = max(MEDIAN_MILLISECONDS, normal * BUSY_FACTOR)
    fast = max(median, others.milliseconds(50)) <= limit and slowest <= LONGEST_MILLISECONDS
    return Result(
        work=f"mark_read waits for a lock, {ASKING} ask the database meanwhile",
        seen=(
            f"commands {median:.0f} ms (before: {normal:.0f} ms), p95 {percentile(during, 95) * 1e3:.0f} ms; "
            f"live {others.milliseconds(50):.0f} ms, p95 {others.milliseconds(95):.0f} ms; slowest {slowest:.0f} ms"
        ),
        met=not others.harmed and waited > LOCKED_SECONDS * 0.9 and fast,
        hard=others.harmed,
        details=f"it waited {waited:.1f} s; {others}",
    )


def _is_marked(marked: asyncio.Future[float], kind: str) -> None:
    if kind == "notification_read_confirmation" and not marked.done():
        marked.set_result(time.monotonic())


async def _until_held(world: World, user: int) -> int:
    """The id of the notification that was sent to the user."""
    async with asyncio.timeout(10):
        while not (held := (await world.committed([user]))[user]):  # noqa: ASYNC110  a database tells nobody
            await asyncio.sleep(0.02)
    return held[0]


async def _hold(world: World, pk: int) -> asyncio.Future[Any]:
    """Lock the row for a while, as somebody's long transaction would. Returns when it is locked."""
    if world.is_product:
        from notifications.models import Notification as Model
    else:
        from ...tutorial.models import Notification as Model
    locked = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Model.objects.select_for_update().get(pk=pk)
            locked.set()
            time.sleep(LOCKED_SECONDS)

    holding = asyncio.ensure_future(world.db(hold))
    await asyncio.to_thread(locked.wait, 10)
    return holding


async def _ask(askers: list[Asker], seconds: float) -> list[float]:
    """How long each answer took that these people asked for, one after another, for so long."""
    answers = await asyncio.gather(*(asker.ask(seconds) for asker in askers))
    return [took for each in answers for took in each]


class Asker:
    """Somebody who asks for what lies in the database, and waits for the answer."""

    def __init__(self, world: World, user: int) -> None:
        self._world, self._user = world, user
        self._answered = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._tab = await Listener.open(self._world, self._user, self._hear)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._tab.abort()

    def _hear(self, kind: str, data: dict[str, Any]) -> None:
        if kind != "ping":
            self._answered.set()

    async def ask(self, seconds: float) -> list[float]:
        took: list[float] = []
        until = time.monotonic() + seconds
        # What is nobody's is looked for in the database, too.
        kinds = itertools.cycle([wire.command("get_unread_count"), wire.command("mark_read", notification_id=2**40)])
        while time.monotonic() < until:
            await asyncio.sleep(0.2)  # this is about waiting, not about load
            self._answered.clear()
            started = time.monotonic()
            self._tab.say(next(kinds))
            await self._answered.wait()
            took.append(time.monotonic() - started)
        return took
