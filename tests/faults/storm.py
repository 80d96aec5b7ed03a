"""Sends at fifty a second to twenty open tabs, while a test breaks something; and the question what came of it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any, Self

from django.contrib.auth.models import User

from notifications.models import Inbox
from tests.client import Client
from tests.live_site import LiveSite
from tests.servers import ROOT, database_url

PEOPLE = 8
SENDS = 120
PER_SECOND = 50


class Sender:
    """The program beside the servers. Starting it takes a second, so it is kept until it has died."""

    def __init__(self, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sender"],
            cwd=ROOT, env={**os.environ, "DATABASE_URL": database_url(), **env},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def order(self, **order: Any) -> None:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def results(self) -> list[dict[str, Any]]:
        """What came of each send of the last order; waits until it is done, or the program has died."""
        results: list[dict[str, Any]] = []
        for line in self.process.stdout:
            if (answer := json.loads(line)) == "done":
                break
            results.append(answer)
        return results

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


class Storm:
    """Two tabs of protocol 2 per person that come back when they are lost, and four of the original's clients."""

    def __init__(self, live: LiveSite, people: list[User], sender: Sender) -> None:
        self.live, self.people, self.sender = live, people, sender
        self.tabs = [live.client(user) for user in people for _ in range(2)]
        self.plain: list[Client] = []
        self.results: list[dict[str, Any]] = []

    async def start(self, *, plain: bool = False, die: bool = False) -> Self:
        """Return when all are connected and the first sends are out."""
        if plain:
            self.plain = [self.live.client(user, protocol=1) for user in self.people[:4]]
        await asyncio.gather(*(tab.connect() for tab in self.tabs + self.plain))
        for tab in self.tabs:
            tab.stay()
        self.sender.order(users=[user.pk for user in self.people], count=SENDS, per_second=PER_SECOND, die=die)
        self.sending = asyncio.create_task(asyncio.to_thread(self.sender.results))
        await self.tabs[0].until(lambda: len(self.tabs[0].copy.shown) >= 2, seconds=15)
        return self

    async def all_sent(self) -> None:
        """Return when the sender is done; nothing that it did may have failed."""
        async with asyncio.timeout(30):
            self.results = await self.sending
        assert [result["error"] for result in self.results if result["error"]] == []

    async def all_arrived(self, *, seconds: float = 8.0) -> None:
        """Every tab has everything, once and in order, and shows no gap: the client fails at any other frame."""
        expected = {user.pk: SENDS // PEOPLE for user in self.people}
        async with asyncio.timeout(seconds):
            while await self._numbered() != expected:  # noqa: ASYNC110  a database tells nobody
                await asyncio.sleep(0.05)
        for tab in self.tabs + self.plain:
            count = expected[tab.query["user_id"]]
            await tab.until(lambda tab=tab, count=count: len(tab.copy.shown) >= count, seconds=seconds)
            assert tab.copy.seqs == list(range(1, count + 1))
            await tab.until(lambda tab=tab, count=count: tab.copy.unread_count == count)
            if tab.protocol == 2:
                await tab.until(lambda tab=tab, count=count: tab.copy.rev == count)

    async def _numbered(self) -> dict[int, int]:
        return {inbox.pk: inbox.last_rev async for inbox in Inbox.objects.filter(pk__in=[u.pk for u in self.people])}
