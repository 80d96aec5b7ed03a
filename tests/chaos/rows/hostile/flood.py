"""One client that says more than anybody should, and comes back whenever it is thrown out."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass

from tests import wire

from ...spec import Result, row
from ...world import World
from .sockets import GONE, RawSocket
from .watch import memory_of, watch

MEMORY_BYTES = 20_000_000
P99_MILLISECONDS = 1_000
TOO_MANY_FRAMES = 4429
BYTES_AT_ONCE = 64_000
SOCKET_SECONDS = 3.0  # then it comes back by itself


@dataclass(frozen=True)
class Kind:
    """``over_limit``: the server can tell that there are more than it allows. Else it must only take them slowly."""

    frame: bytes
    over_limit: bool
    reads: bool = True


KINDS = {
    "pings": Kind(wire.frame(wire.command("ping")), over_limit=True),
    "large ones": Kind(wire.frame(wire.command("ping", more="x" * 16_000)), over_limit=True),
    # A slow database may obey fewer a second than are allowed.
    "commands": Kind(wire.frame(wire.command("mark_read", notification_ids=list(range(1, 401)))), over_limit=False),
    # The server's own library answers these, and the application never sees them.
    "protocol pings": Kind(wire.frame(b"x" * 125, wire.PING), over_limit=False),
    "protocol pings, deaf": Kind(wire.frame(b"x" * 125, wire.PING), over_limit=False, reads=False),
}


@row(
    "One client that floods, ignores its closes, and reconnects",
    "closed 4429 each time, memory ≤ +20 MB, others served (p99 ≤ 1 s)",
    layers=("pubsub",),
    databases=("postgresql",),
    alone=True,
    quiet=True,
)
async def one_floods(world: World) -> Result:
    seconds = 60.0 if world.long else 12.0
    (user,) = await world.people(1)
    memory = memory_of(world)
    async with watch(world) as others:
        await asyncio.to_thread(Flood(world, user).run, 2.0)  # the memory that this takes in any case
        before = memory.now()
        memory.watch()
        others.start()
        flood = Flood(world, user)
        await asyncio.to_thread(flood.run, seconds)
        await others.end()
        grown = memory.highest() - before
        wrong = grown > MEMORY_BYTES or others.harmed
        return Result(
            work=f"{seconds:.0f} s on {flood.sockets} sockets, {flood.sent / 1e6:.0f} MB taken",
            seen=f"closed 4429 {flood.thrown_out}× of {flood.over_limit}, memory +{grown / 1e6:.0f} MB, {others}",
            met=0 < flood.over_limit == flood.thrown_out and not wrong and others.milliseconds(99) <= P99_MILLISECONDS,
            hard=wrong,
            details="; ".join(flood.seen),
        )


class Flood:
    """Sends as fast as the sockets take it, one socket after another."""

    def __init__(self, world: World, user: int) -> None:
        self._world, self._user = world, user
        self.sent = self.sockets = self.over_limit = self.thrown_out = 0
        self.seen: list[str] = []

    def run(self, seconds: float) -> None:
        """To be called in a thread."""
        end = time.monotonic() + seconds
        for name, kind in itertools.cycle(KINDS.items()):
            started = time.monotonic()
            if started > end:
                return
            try:
                sent, code = self._fill(kind)
            except OSError as error:
                self.seen.append(f"{name}: {error}")
                time.sleep(0.05)
                continue
            self.sockets, self.sent = self.sockets + 1, self.sent + sent
            self.over_limit += kind.over_limit
            self.thrown_out += kind.over_limit and code == TOO_MANY_FRAMES
            self.seen.append(f"{name} {code}: {sent / 1e6:.1f} MB in {time.monotonic() - started:.1f} s")

    def _fill(self, kind: Kind) -> tuple[int, int]:
        data = kind.frame * (BYTES_AT_ONCE // len(kind.frame) + 1)
        with RawSocket(self._world, self._user) as socket:
            sent = socket.open().flood(data, until=time.monotonic() + SOCKET_SECONDS, reads=kind.reads)
            return sent, socket.close_code or GONE
