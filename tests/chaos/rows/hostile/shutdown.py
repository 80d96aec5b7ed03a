"""The server is told to end while somebody does not read."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

from ...spec import Result, row
from ...world import World
from .sockets import Hear, Listener, RawSocket
from .watch import ServerLog

SOCKETS = 500
OPENED_AT_ONCE = 50
EXIT_SECONDS = 10.0
CLOSE_CODE = {"uvicorn": 1012, "daphne": 1006}  # daphne cuts its sockets
MESSAGE_BYTES = 90_000
MESSAGES = 60  # 5 MB: more than the kernel keeps for a socket


@row(
    f"SIGTERM with {SOCKETS} sockets and one that never reads",
    "exit ≤ 10 s; the others are closed 1012 under uvicorn, 1006 under daphne",
    tutorial=False,
    layers=("pubsub",),
    databases=("postgresql",),
)
async def stuck_at_shutdown(world: World) -> Result:
    stuck, *users = await world.people(1 + SOCKETS)
    tabs = await open_all(world, users)
    process, log = world.site.process, ServerLog(world)
    assert process is not None
    with await asyncio.to_thread(RawSocket, world, stuck, receive_buffer=4_096) as deaf:
        await asyncio.to_thread(deaf.open)
        await _fill(world, stuck, deaf)
        unread = unsent_bytes(world.site.port, deaf.port)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        with suppress(TimeoutExpired):
            await asyncio.to_thread(process.wait, EXIT_SECONDS * 2)
        seconds, exited = time.monotonic() - started, process.poll() is not None
    if not exited:
        await world.kill_server()
    codes = Counter(await asyncio.gather(*(tab.gone for tab in tabs)))
    right = codes == {CLOSE_CODE[world.place.server]: SOCKETS}
    return Result(
        work=f"{unread / 1e6:.1f} MB unread",
        seen=f"exit after {'> ' * (not exited)}{seconds:.1f} s, closed {dict(codes)}",
        met=exited and seconds <= EXIT_SECONDS and right and unread > 0 and not log.tracebacks,
        hard=log.tracebacks > 0,
        details=f"{log.tracebacks} tracebacks",
    )


async def open_all(world: World, users: list[int], hears: dict[int, Hear] | None = None) -> list[Listener]:
    """A tab for each, some at a time; ``hears`` names who hears what comes on it."""
    turn = asyncio.Semaphore(OPENED_AT_ONCE)

    async def open_one(user: int) -> Listener:
        async with turn:
            return await Listener.open(world, user, hears[user] if hears else lambda kind, data: None)

    return list(await asyncio.gather(*map(open_one, users)))


async def _fill(world: World, user: int, deaf: RawSocket) -> None:
    """Send until nothing more fits between the server and this reader, who has not been closed yet."""
    sends = (await world.sender()).order([user], count=MESSAGES, per_second=1e6, size=MESSAGE_BYTES)
    await sends.done.wait()
    async with asyncio.timeout(5):
        while unsent_bytes(world.site.port, deaf.port) == 0:  # noqa: ASYNC110  the kernel tells nobody
            await asyncio.sleep(0.02)


def unsent_bytes(local_port: int, remote_port: int) -> int:
    """What lies in the kernel for a connection between these ports of loopback, and was not read."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if local.endswith(f":{local_port:04X}") and remote.endswith(f":{remote_port:04X}"):
            return int(queues.partition(":")[0], 16)
    return 0
