"""What an attack does to the others: people who do no harm, the server's memory, and its log."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ...world import World
from .sockets import Listener

PEOPLE = 20
PER_SECOND = 40.0
ARRIVAL_SECONDS = 12.0  # above the worst that is claimed, so that a late one is seen as late and not as lost

# A line each where a socket opens and closes: ours, uvicorn's, daphne's.
OPENED_OR_CLOSED = (
    '"message": "socket opened"', '"message": "socket closed"',
    "[accepted]", "connection open", "connection closed",
    '"WSCONNECTING ', '"WSCONNECT ', '"WSDISCONNECT ',
)  # fmt: skip


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank: of few values the 99th is the greatest."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1] if values else math.inf


class Watch:
    """Twenty people with a tab each, to whom somebody sends all the time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.tabs: list[Listener] = []
        self._heard: dict[int, float] = {}
        self.lost = 0
        self.latencies: list[float] = []

    async def open(self) -> None:
        self.people = await self._world.people(PEOPLE)
        self.tabs = await asyncio.gather(*(Listener.open(self._world, user, self._hear) for user in self.people))
        _, self._sender = await self._world.senders(2)
        # Its first send is slow: it imports and connects.
        await self._sender.order(self.people, count=PEOPLE, per_second=PER_SECOND).done.wait()

    def _hear(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "notification":
            self._heard.setdefault(data["id"], time.monotonic())

    def start(self) -> None:
        """Begin to send."""
        self._sends = self._sender.order(self.people, count=1_000_000, per_second=PER_SECOND)

    async def end(self) -> None:
        """Stop sending, wait for what is on its way, and see how long after its ``send`` each was in its tab."""
        ended = time.monotonic()
        await asyncio.sleep(1)  # what a program sends while it is killed may come late, and does not count
        await self._sender.stop()
        answers = [answer for answer in self._sends.answers if answer["id"] and answer["at"] < ended]
        sent = {answer["id"]: answer["at"] + answer["seconds"] for answer in answers}
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while sent.keys() - self._heard.keys() and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self.lost = len(sent.keys() - self._heard.keys())
        self.latencies = [max(0.0, self._heard[pk] - at) for pk, at in sent.items() if pk in self._heard]

    async def close(self) -> None:
        await self._sender.stop()
        for tab in self.tabs:
            tab.abort()

    @property
    def harmed(self) -> bool:
        return bool(self.lost or self.closed or not self.latencies)

    @property
    def closed(self) -> int:
        return sum(tab.gone.done() for tab in self.tabs)

    def milliseconds(self, percent: float) -> float:
        return percentile(self.latencies, percent) * 1_000

    def __str__(self) -> str:
        harm = [f"{self.lost} lost" * bool(self.lost), f"{self.closed} closed" * bool(self.closed)]
        took = f"others' p99 {self.milliseconds(99):.0f} ms" if self.latencies else "others hear nothing"
        return ", ".join(filter(None, [*harm, took]))


@asynccontextmanager
async def watch(world: World) -> AsyncIterator[Watch]:
    """Everybody connected, nothing sent yet."""
    one = Watch(world)
    await one.open()
    try:
        yield one
    finally:
        await one.close()


class Memory:
    """The resident memory of a process, in bytes."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")

    def now(self) -> int:
        return self._read("VmRSS")

    def watch(self) -> None:
        """Forget the highest so far: the kernel keeps it."""
        (self._proc / "clear_refs").write_text("5")

    def highest(self) -> int:
        """Since :meth:`watch`."""
        return self._read("VmHWM")

    def _read(self, name: str) -> int:
        for line in (self._proc / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1_024
        return 0


def memory_of(world: World) -> Memory:
    assert world.site.process is not None
    return Memory(world.site.process.pid)


class ServerLog:
    """What the server has printed since this was made."""

    def __init__(self, world: World) -> None:
        self._site = world.site
        self._from = len(self._site.read_log())

    @property
    def lines(self) -> list[str]:
        return self._site.read_log()[self._from :].splitlines()

    @property
    def tracebacks(self) -> int:
        return sum("Traceback" in line for line in self.lines)

    @property
    def bytes_beyond_open_and_close(self) -> int:
        lines = (line for line in self.lines if not any(mark in line for mark in OPENED_OR_CLOSED))
        return sum(len(line.encode()) + 1 for line in lines)

    def closes(self, users: Sequence[int] | None = None) -> Counter[int]:
        """How often each close code was logged, for these users' sockets or for all."""
        named = None if users is None else {str(user) for user in users}
        entries = (json.loads(line) for line in self.lines if '"message": "socket closed"' in line)
        return Counter(entry["code"] for entry in entries if named is None or entry["user_id"] in named)
