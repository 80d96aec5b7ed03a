"""Readers that never read."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress

from ...sending import Sends
from ...spec import Result, row
from ...world import World
from .sockets import Listener, RawSocket
from .watch import ServerLog, memory_of, watch

READERS = 20
MESSAGE_BYTES = 90_000
TOTAL_BYTES = 150_000_000  # always: of less, most would lie in the kernel's buffers
MEMORY_BYTES = 30_000_000
P99_MILLISECONDS = 250
CUT_OFF_SECONDS = 15.0  # a ping that is not taken for 5 s, then 5 s for the close frame to be taken
SLOW_READER = 4503


@row(
    f"{READERS} readers that never read",
    "server memory ≤ +30 MB, they are closed 4503, others' p99 ≤ 250 ms",
    layers=("pubsub",),
    databases=("postgresql",),
    alone=True,
    quiet=True,
)
async def deaf_readers(world: World) -> Result:
    memory, log = memory_of(world), ServerLog(world)
    await _warm_up(world, TOTAL_BYTES if world.long else TOTAL_BYTES // 5)
    async with watch(world) as others:
        users = await world.people(READERS)
        before = memory.now()
        memory.watch()
        with ExitStack() as sockets:
            for user in users:
                deaf = await asyncio.to_thread(RawSocket, world, user, receive_buffer=4_096)
                sockets.enter_context(deaf)
                await asyncio.to_thread(deaf.open)
            others.start()
            await (await _send(world, users, TOTAL_BYTES)).done.wait()
            cut_off = await _cut_off(log, users) if world.is_product else 0
            await others.end()
        grown = memory.highest() - before
        wrong = grown > MEMORY_BYTES or others.harmed
        return Result(
            work=f"{TOTAL_BYTES / 1e6:.0f} MB sent to {READERS} readers",
            seen=f"memory +{grown / 1e6:.0f} MB, {cut_off} closed {SLOW_READER}, {others}",
            met=not wrong and cut_off == READERS and others.milliseconds(99) <= P99_MILLISECONDS,
            hard=wrong,
            details=f"closed with {dict(log.closes(users))}",
        )


async def _send(world: World, users: list[int], total: int) -> Sends:
    count = total // MESSAGE_BYTES // len(users)
    return (await world.sender()).order(users, count=count, per_second=1e6, how="to_all", size=MESSAGE_BYTES)


async def _warm_up(world: World, total: int) -> None:
    """As much to as many who read: the memory that this takes, the server has then taken."""
    users = await world.people(READERS)
    heard = 0

    def hear(kind: str, _: dict[str, object]) -> None:
        nonlocal heard
        heard += kind == "notification"

    readers = await asyncio.gather(*(Listener.open(world, user, hear) for user in users))
    sends = await _send(world, users, total)
    await sends.done.wait()
    async with asyncio.timeout(20):
        while heard < sends.ordered * READERS:  # noqa: ASYNC110  they come by the hundred
            await asyncio.sleep(0.02)
    for reader in readers:
        reader.abort()
    await asyncio.gather(*(reader.gone for reader in readers))


async def _cut_off(log: ServerLog, users: list[int]) -> int:
    """How many of these have been closed as slow readers, as soon as all are, or when time is up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CUT_OFF_SECONDS):
            while log.closes(users)[SLOW_READER] < len(users):  # noqa: ASYNC110  a file tells nobody that it has grown
                await asyncio.sleep(0.1)
    return log.closes(users)[SLOW_READER]
