"""Sends to connected people while a row breaks something; and the question what came of it."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from notifications.inbox.chunks import in_chunks
from tests.client import Client

from .sending import Sends
from .spec import Result
from .world import World

PEOPLE = 50
PLAIN = 5  # of them also look with a client of the original eight types, where sockets stay open
AT_ONCE = 25  # the core layer has no more than a hundred connections to its Redis
POLL_SECONDS = 0.02
UP_SECONDS = 60.0
SETTLE_SECONDS = 12.0  # above the worst that is claimed, so that a late one is seen as late and not as lost
TUTORIAL_SECONDS = 3.0  # it has nothing that could bring what did not come at once


@dataclass
class History:
    """What was sent, against what every client applied."""

    sent: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    broken: list[str] = field(default_factory=list)  # rules of the protocol that a client saw broken: gaps and such
    ghosts: int = 0  # shown, and not in the database
    wrong: int = 0  # clients whose count or revision is not the database's
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0  # from the end of the trouble until all clients had all
    slowest: float = 0.0  # send

    @property
    def perfect(self) -> bool:
        faults = (self.lost, self.doubled, self.disordered, self.ghosts, self.broken, self.wrong, self.errors)
        return not any(faults)

    def __str__(self) -> str:
        if self.perfect:
            return f"0 lost, all there after {self.seconds:.1f} s"
        parts = [f"{self.lost} lost"]
        for number, word in (
            (self.doubled, "doubled"), (self.disordered, "out of order"), (self.ghosts, "ghosts"),
            (self.wrong, "wrong counts"), (len(self.broken), "gaps"), (len(self.errors), "sender errors"),
        ):  # fmt: skip
            if number:
                parts.append(f"{number} {word}")
        return ", ".join(parts)

    def result(self, work: str, *, also: bool = True, note: str = "") -> Result:
        details = "; ".join(dict.fromkeys([*self.broken, *self.errors]))[:300]
        return Result(
            work=work,
            seen=", ".join(filter(None, [str(self), note])),
            met=self.perfect and also,
            details=details,
            hard=not self.perfect,
            worst=self.seconds,
        )


class Storm:
    """Fifty people with a tab each, and a program that sends to them in turn."""

    def __init__(self, world: World, people: list[int]) -> None:
        self.world, self.people = world, people
        self.tabs: list[Client] = [world.client(user) for user in people]
        self.plain: list[Client] = []
        self.orders: list[Sends] = []

    async def open(self, *, plain: bool = False) -> None:
        """Return when all are connected."""
        if plain and self.world.is_product:
            self.plain = [self.world.client(user, protocol=1) for user in self.people[:PLAIN]]
        for some in in_chunks(self.tabs + self.plain, AT_ONCE):
            for tab in some:
                tab.stay()
            await self._until_up(some)
        for tab in self.plain:
            tab.rest()  # it could not say where it stood

    async def all_back(self) -> None:
        """Wait until everybody is connected."""
        await self._until_up(self.tabs)

    @staticmethod
    async def _until_up(tabs: list[Client]) -> None:
        async with asyncio.timeout(UP_SECONDS):
            while any(tab.closed or not tab.copy.up_to_date for tab in tabs):  # noqa: ASYNC110  of many, any may be last
                await asyncio.sleep(POLL_SECONDS)

    async def send(self, count: int, *, per_second: float = 100.0, how: str = "mixed", senders: int = 1) -> Sends:
        """Begin to send. Returns what comes of it at the last of the programs that do."""
        for sender in await self.world.senders(senders):
            self.orders.append(sender.order(self.people, count=count, per_second=per_second, how=how))
        return self.orders[-1]

    async def all_sent(self, *, seconds: float = 60.0) -> None:
        """Return when every send has returned."""
        async with asyncio.timeout(seconds):
            for sends in self.orders:
                await sends.done.wait()

    @property
    def untouched(self) -> bool:
        """Whether no socket was closed."""
        return not any(tab.closes for tab in self.tabs + self.plain)

    async def settle(self, *, seconds: float = SETTLE_SECONDS, patience: float = 60.0) -> History:
        """Wait until the sender is done and every client has everything, or time is up; then judge."""
        history = History()
        try:
            await self.all_sent(seconds=patience)
        except TimeoutError:
            history.errors.append(f"a send has not returned within {patience} s")
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = started + (seconds if self.world.is_product else min(seconds, TUTORIAL_SECONDS))
        held = await self.world.committed(self.people)
        missing = {tab: set(held[self._user(tab)]) for tab in self.tabs + self.plain}
        while loop.time() < deadline:
            missing = {tab: left for tab, ids in missing.items() if (left := ids.difference(tab.copy.shown))}
            if not missing:
                break
            await asyncio.sleep(POLL_SECONDS)
        history.seconds = loop.time() - started
        await self._judge(history, held)
        return history

    @staticmethod
    def _user(tab: Client) -> Any:
        return tab.query["user_id"]

    async def _judge(self, history: History, held: dict[int, list[int]]) -> None:
        ids = {pk: user for sends in self.orders for pk, user in sends.ids.items()}
        history.sent = sum(sends.ordered for sends in self.orders)
        history.errors += [error for sends in self.orders for error in sends.errors]
        history.slowest = max((sends.slowest for sends in self.orders), default=0.0)
        # What a sender was told is committed, and the database does not have.
        history.lost = len(ids.keys() - {pk for pks in held.values() for pk in pks})
        for tab in self.tabs + self.plain:
            expected = held[self._user(tab)]
            place = {pk: number for number, pk in enumerate(expected)}
            shown = [pk for pk in tab.copy.shown if pk in place]
            history.lost += len(place.keys() - set(shown))
            history.ghosts += len(set(tab.copy.shown) - place.keys())
            history.doubled += len(shown) - len(set(shown))
            order = [place[pk] for pk in dict.fromkeys(shown)]
            history.disordered += sum(earlier > later for earlier, later in itertools.pairwise(order))
            if tab.broken:
                history.broken.append(tab.broken.splitlines()[0][:160])
        if self.world.is_product and not history.lost:
            history.wrong = await self._wrong_counts(held)

    async def _wrong_counts(self, held: dict[int, list[int]]) -> int:
        from notifications.models import Inbox, Notification

        def ask() -> tuple[dict[Any, tuple[int, int]], Counter[Any]]:
            inboxes = Inbox.objects.filter(pk__in=held).values_list("pk", "last_rev", "unread_count")
            unread = Notification.objects.filter(recipient_id__in=held, read_at=None, archived_at=None, deleted_at=None)
            return {pk: (rev, count) for pk, rev, count in inboxes}, Counter(
                unread.values_list("recipient_id", flat=True)
            )

        inboxes, unread = await self.world.db(ask)

        def wrong(tab: Client) -> bool:
            user = self._user(tab)
            rev, count = inboxes.get(user, (0, 0))
            counts_differ = not tab.copy.unread_count == count == unread[user]
            return counts_differ or (tab.protocol == 2 and tab.copy.rev != rev)

        for _ in range(100):  # the last row has been shown; the end of its replay may still be on its way
            if not any(wrong(tab) for tab in self.tabs + self.plain):
                return 0
            await asyncio.sleep(POLL_SECONDS)
        return sum(wrong(tab) for tab in self.tabs + self.plain)


@asynccontextmanager
async def storm(world: World, *, people: int = PEOPLE, plain: bool = False) -> AsyncIterator[Storm]:
    """Everybody connected."""
    one = Storm(world, await world.people(people))
    await one.open(plain=plain)
    yield one
