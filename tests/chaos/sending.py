"""Giving orders to the program that sends, and what came of each send."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from tests.servers import ROOT

PROMPT_SECONDS = 0.6
STUCK_SECONDS = 2.0  # on a busy machine a process may not get its turn for a while


@dataclass
class Sends:
    """What came of an order. ``done`` is set when the last send has answered, or the program has died."""

    ordered: int
    finished: bool = False
    answers: list[dict[str, Any]] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    begun: float = field(default_factory=time.monotonic)

    @property
    def ids(self) -> dict[int, int]:
        """The user of each notification that was committed, by its id."""
        return {answer["id"]: answer["user"] for answer in self.answers if answer["id"] is not None}

    @property
    def errors(self) -> list[str]:
        return [answer["error"] for answer in self.answers if answer["error"]]

    @property
    def slowest(self) -> float:
        """Seconds; of a send that has not returned yet, those until now (and the pause before it)."""
        answered = max((answer["seconds"] for answer in self.answers), default=0.0)
        if self.done.is_set():
            return answered
        last = self.answers[-1]["at"] + self.answers[-1]["seconds"] if self.answers else self.begun
        return max(answered, time.monotonic() - last)

    @property
    def prompt(self) -> bool:
        """Whether no sender waits for Redis: 95 of 100 return within 0.6 s, and none takes two seconds."""
        seconds = sorted(answer["seconds"] for answer in self.answers)
        return bool(seconds) and seconds[len(seconds) * 95 // 100] <= PROMPT_SECONDS and self.slowest < STUCK_SECONDS

    async def until_sent(self, count: int, *, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while len(self.answers) < count and not self.done.is_set():  # noqa: ASYNC110  answers come by the hundred
                await asyncio.sleep(0.01)


class Sender:
    """One such program. It ends when this one does: its input is closed then."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._sends: Sends | None = None
        self._ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, env: dict[str, str]) -> Sender:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.sender",
            cwd=ROOT, env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        sender = cls(process)
        await asyncio.wait_for(sender._ready.wait(), 60)
        return sender

    def order(self, users: list[int], *, count: int, per_second: float, how: str = "mixed", size: int = 0) -> Sends:
        assert self._sends is None or self._sends.done.is_set(), "one order at a time"
        assert self._process.stdin is not None
        self._sends = Sends(count)
        order = {"users": users, "count": count, "per_second": per_second, "how": how, "size": size}
        self._process.stdin.write(f"{json.dumps(order)}\n".encode())
        return self._sends

    @property
    def busy(self) -> bool:
        """Whether it still works, or has died over it."""
        return self._process.returncode is not None or not (self._sends is None or self._sends.finished)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if said == "ready":
                self._ready.set()
            elif said == "done":
                self._sends.finished = True
                self._sends.done.set()
            else:
                self._sends.answers.append(said)
        if self._sends is not None:
            self._sends.done.set()

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading
