"""What a server process does all the time: reconcile, sweep, look at rights, ping."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..auth.rights import ended
from ..conf import conf
from ..inbox import retention
from ..inbox.changes import inbox_states
from ..inbox.chunks import in_chunks
from ..inbox.database import write_database
from ..inbox.sweeper import sweep
from ..observability.metrics import reconciler_repairs_total
from . import presence, protocol
from .executor import run_db
from .membership import user_group
from .protocol import Close

if TYPE_CHECKING:
    from .connection import Connection
    from .manager import WebSocketManager

logger = logging.getLogger("notifications")

USERS_PER_QUERY = 1_000
RECONCILE_WITH_LAYER_SECONDS = 5.0
RECONCILE_ALONE_SECONDS = 2.0
SHORTEST_PAUSE_SECONDS = 0.5  # however often it is woken
ROWS_PER_EXPIRY = 1_000


class Background:
    """The standing tasks of one manager. None of them ends because one round failed."""

    def __init__(self, manager: WebSocketManager) -> None:
        self._manager = manager
        self._tasks: list[asyncio.Task[None]] = []
        self._look_now = asyncio.Event()
        manager.repairs.look_at_everyone = self._look_now.set

    def start(self) -> None:
        manager = self._manager
        self._begin(manager.fanout.run())
        self._begin(manager.repairs.run())
        if manager.membership is not None:
            self._begin(manager.membership.run())
        self._begin(self._every(self._reconcile_seconds, self.reconcile, wake=self._look_now))
        self._begin(self._every(lambda: float(conf.SWEEP_SECONDS), self.sweep))
        self._begin(self._every(lambda: float(conf.EXPIRE_SECONDS), self.expire))
        self._begin(self._every(lambda: float(conf.RIGHTS_SECONDS), self.look_at_rights))
        self._begin(self._every(lambda: presence.EVERY_SECONDS, self.tell_who_is_online))
        self._begin(self._every(lambda: 1.0, self.ping))

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(coroutine))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _every(
        self,
        seconds: Callable[[], float],
        work: Callable[[], Awaitable[None]],
        *,
        wake: asyncio.Event | None = None,
    ) -> None:
        failing = False
        while True:
            try:
                await work()
                failing = False
            except Exception as error:
                # Said once per trouble: a database that is down would fill the log otherwise.
                if not failing:
                    logger.warning(
                        "a background task fails and will go on trying",
                        extra={"task": work.__name__, "error": f"{type(error).__name__}: {error}".strip()},
                    )
                failing = True
            # With jitter, or the processes of a site that started together would all ask together.
            pause = seconds() * random.uniform(0.8, 1.0)
            if wake is None:
                await asyncio.sleep(pause)
                continue
            at_least = min(pause, SHORTEST_PAUSE_SECONDS)
            await asyncio.sleep(at_least)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause - at_least):
                    await wake.wait()
            wake.clear()

    def _reconcile_seconds(self) -> float:
        if conf.RECONCILE_SECONDS is not None:
            return float(conf.RECONCILE_SECONDS)
        return RECONCILE_ALONE_SECONDS if self._manager.membership is None else RECONCILE_WITH_LAYER_SECONDS

    async def reconcile(self) -> None:
        """Find the sockets that are behind the database, whatever hints got lost, and repair them."""
        if self._manager.membership is not None:
            self._manager.membership.converge()
        by_user: dict[Any, list[tuple[Connection, int]]] = {}
        for connection in self._manager.streams():
            if connection.sent is not None and not connection.lagging:
                # Noted before the query: what is sent while it runs must not look like a step back.
                by_user.setdefault(connection.user_id, []).append((connection, connection.sent))
        for user_ids in in_chunks(by_user, USERS_PER_QUERY):
            states = await run_db(inbox_states, user_ids, using=write_database())
            for user_id, state in states.items():
                for connection, noted in by_user[user_id]:
                    self._compare(connection, noted, state.rev, state.epoch)

    def _compare(self, connection: Connection, noted: int, rev: int, epoch: str) -> None:
        if connection.sent is None or connection.lagging:
            return
        behind = rev > noted and rev > connection.sent
        if behind or rev < noted or epoch != connection.epoch:
            reconciler_repairs_total.inc()
            self._manager.repairs.add(connection)
            if behind and self._manager.membership is not None:
                self._manager.membership.rejoin(user_group(connection.user_id))

    async def sweep(self) -> None:
        """Number and expand what a crash left."""
        using = write_database()
        while await run_db(sweep, using=using):
            pass

    async def expire(self) -> None:
        """Let expire some of what has expired; apart from the sweep, which nobody's backlog may hold up."""
        await run_db(retention.expire, using=write_database(), limit=ROWS_PER_EXPIRY)

    async def look_at_rights(self) -> None:
        """Close the sockets whose key, session or user is no longer good."""
        connections = self._manager.streams()
        for some in in_chunks(connections, USERS_PER_QUERY):
            gone = await run_db(ended, {connection.identity for connection in some}, using=write_database())
            for connection in some:
                if connection.identity in gone:
                    connection.push(protocol.error("unauthorized", "Your access has ended."))
                    connection.close(Close.RIGHT_ENDED, "Access ended")

    async def tell_who_is_online(self) -> None:
        """Let deliveries know who has a page open, if anybody asks."""
        if presence.is_asked_for():
            user_ids = {connection.user_id for connection in self._manager.streams()}
            await run_db(presence.write, user_ids, using=write_database())

    async def ping(self) -> None:
        """Ping who is due; close who is silent for minutes, or takes no ping for seconds."""
        now = asyncio.get_running_loop().time()
        for connection in self._manager.streams():
            if now - connection.last_heard > conf.SILENCE_SECONDS:
                connection.close(Close.SILENT, "Silent for too long")
            elif connection.blocked_since is not None and now - connection.blocked_since > conf.PING_TIMEOUT_SECONDS:
                connection.close(Close.SLOW_READER, "Reader too slow")
            elif now >= connection.next_ping:
                connection.next_ping = now + conf.PING_INTERVAL_SECONDS
                connection.push(protocol.ping())
