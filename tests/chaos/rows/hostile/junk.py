"""Junk frames by the hundred thousand."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator

from ...spec import Result, row
from ...world import World
from .junk_frames import ONE_FRAME, Burst, bursts
from .sockets import STILL_OPEN, RawSocket
from .watch import ServerLog, watch

ATTACKERS = 4
LOG_BYTES = 1_000_000
P99_MILLISECONDS = 1_000
ENOUGH_LEFT_OPEN = 20  # to see that it fails
PATIENCE_SECONDS = {"product": 5.0, "tutorial": 0.2}  # there, much of it is passed over in silence


@row(
    f"Junk frames of {len(ONE_FRAME)} kinds",
    "0 tracebacks, all closed, log ≤ 1 MB beyond opens and closes, others unharmed (p99 ≤ 1 s)",
    layers=("pubsub",),
    databases=("postgresql",),
)
async def junk_frames(world: World) -> Result:
    count = 100_000 if world.long else 10_000
    assert world.site.process is not None
    pid, log = world.site.process.pid, ServerLog(world)
    async with watch(world) as others:
        attackers = await world.people(ATTACKERS)
        others.start()
        work = Work(count)
        await asyncio.gather(*(asyncio.to_thread(work.do, world, user) for user in attackers))
        await others.end()
        lives = world.site.running and world.site.process.pid == pid
        log_bytes, left_open = log.bytes_beyond_open_and_close, work.ended[STILL_OPEN]
        loud = log.tracebacks or log_bytes > LOG_BYTES
        wrong = bool(loud or others.harmed or not lives)
        seen = [f"{log.tracebacks} tracebacks", f"log {log_bytes / 1e6:.2f} MB", str(others)]
        seen += ["the server died"] * (not lives) + [f"{left_open} left open"] * bool(left_open)
        return Result(
            work=f"{count:,} frames on {work.sockets} sockets",
            seen=", ".join(seen),
            met=not wrong and not left_open and not work.refused and others.milliseconds(99) <= P99_MILLISECONDS,
            hard=wrong,
            details=f"closed with {dict(work.ended)}; {work.refused} refused",
        )


class Work:
    """The frames that are still to be sent, by whoever has time."""

    def __init__(self, count: int) -> None:
        self._bursts = bursts(count)
        self._lock = threading.Lock()
        self.ended: Counter[int] = Counter()
        self.refused = 0

    @property
    def sockets(self) -> int:
        return sum(self.ended.values())

    def do(self, world: World, user: int) -> None:
        """Until none is left. To be called in a thread."""
        for burst in self._mine():
            if world.is_product and self.ended[STILL_OPEN] >= ENOUGH_LEFT_OPEN:
                return
            try:
                ended = self._send(world, user, burst)
            except OSError:
                self.refused += 1
            else:
                with self._lock:
                    self.ended[ended] += 1

    def _mine(self) -> Iterator[Burst]:
        while True:
            with self._lock:
                burst = next(self._bursts, None)
            if burst is None:
                return
            yield burst

    @staticmethod
    def _send(world: World, user: int, burst: Burst) -> int:
        with RawSocket(world, user) as socket:
            socket.open().say(burst.data)
            try:
                return socket.until_closed(seconds=PATIENCE_SECONDS[world.place.system])
            except ConnectionError:
                return socket.close_code or 1006
