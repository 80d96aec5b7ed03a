"""One system in processes of its own: a database, a Redis, a server, a sender, and proxies in between."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.db import close_old_connections, connections

from notifications.live.protocol import wire_key
from tests.client import Client
from tests.live_site import SERVICE_KEY
from tests.processes import end
from tests.servers import Site, free_port
from tests.services import Postgres, Redis, find_redis

from .clients import ProductClient, TutorialClient
from .proxy import Proxy
from .sending import Sender
from .spec import Place

SETTINGS_MODULE = {"product": "tests.settings", "tutorial": "tests.chaos.tutorial.settings"}
APPLICATION = {"product": "project.asgi:application", "tutorial": "tests.chaos.tutorial.asgi:application"}
# All else is as a site has it that sets nothing. Half-open sockets would take a minute to notice otherwise.
SETTINGS = {"PING_INTERVAL_SECONDS": 1.0}

_names = itertools.count(1)


class World:
    """``door`` is where clients connect, ``redis_link`` how the processes reach Redis; both can be made to fail."""

    redis: Redis

    def __init__(self, place: Place, postgres: Postgres | None = None) -> None:
        self.place, self.long, self.postgres = place, place.long, postgres
        self.settings: dict[str, Any] = {**SETTINGS, **place.settings}
        self.door = Proxy(free_port(), lambda: asyncio.open_connection("127.0.0.1", self.site.port))
        self.redis_link = Proxy(free_port(), lambda: asyncio.open_unix_connection(self.redis.socket))
        self.site = Site(place.server, self._env(), APPLICATION[place.system], expect_tracebacks=True)
        self._senders: list[Sender] = []
        self._clients: list[Client] = []
        # One thread, one database connection.
        self._thread = ThreadPoolExecutor(1, "chaos-database")

    @property
    def is_product(self) -> bool:
        return self.place.system == "product"

    def _env(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE[self.place.system],
            "DATABASE_URL": self.place.database_url,
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_link.port}/0",
            "TEST_CHANNEL_LAYER": self.place.layer,
            "TEST_NOTIFICATIONS": json.dumps(self.settings),
            "DASHBOARD_API_KEY": SERVICE_KEY,
        }

    # -- beginning and end -------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        redis = find_redis()
        assert isinstance(redis, Redis), "chaos needs a Redis that it may kill: unset TEST_REDIS_URL"
        self.redis = redis
        await asyncio.to_thread(self.redis.start)
        await asyncio.gather(self.door.start(), self.redis_link.start())
        await asyncio.gather(asyncio.to_thread(self.site.start), self.sender())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.let_clients_go()
        await asyncio.gather(*(sender.stop() for sender in self._senders))
        await asyncio.gather(self.door.stop(), self.redis_link.stop())
        await asyncio.to_thread(self.site.stop)
        await asyncio.to_thread(self.redis.stop)
        await self.db(connections.close_all)
        self._thread.shutdown()

    async def repair(self) -> None:
        """Whatever a row has broken, the next one finds whole."""
        await self.let_clients_go()
        self.door.delay_seconds = 0.0
        self.redis_link.swallow_answers = False
        self.door.cut()
        if not self.redis.running:
            await self.start_redis()
        if not self.site.running:
            await self.start_server()
        await asyncio.to_thread(self.site.wait)  # a row that ran out of time may have left it half-way
        for sender in [sender for sender in self._senders if sender.busy]:
            self._senders.remove(sender)
            await sender.stop()

    # -- people and what they have -----------------------------------------------------------------------------

    async def db(self, ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run ORM code on the thread that has the connection."""

        def run() -> Any:
            close_old_connections()  # one that broke must not stay
            return ask(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def people(self, count: int) -> list[int]:
        """Keys of new users."""
        users = get_user_model().objects
        names = [f"user{next(_names)}" for _ in range(count)]

        def create() -> list[int]:
            users.bulk_create(get_user_model()(username=name) for name in names)
            return list(users.filter(username__in=names).order_by("pk").values_list("pk", flat=True))

        return await self.db(create)

    async def committed(self, users: list[int]) -> dict[int, list[int]]:
        """What the database holds for each of these people: ids in the order in which they are told."""

        def ask() -> dict[int, list[int]]:
            if self.is_product:
                from notifications.models import Notification

                # With those that are still to be numbered: they count as lost until they are told.
                rows = Notification.objects.filter(recipient_id__in=users, deleted_at=None)
                pairs = rows.order_by("seq", "pk").values_list("recipient_id", "pk")
            else:
                from .tutorial.models import Notification as Row

                pairs = Row.objects.filter(user_id__in=users).order_by("pk").values_list("user_id", "pk")
            held: dict[int, list[int]] = {user: [] for user in users}
            for user, pk in pairs:
                held[user].append(pk)
            return held

        return await self.db(ask)

    # -- programs ----------------------------------------------------------------------------------------------

    async def sender(self) -> Sender:
        return (await self.senders(1))[0]

    async def senders(self, count: int) -> list[Sender]:
        """So many of the programs that send, started when they are first asked for."""
        # Straight to Redis: what happens to the server's link does not happen to theirs.
        env = {**os.environ, **self._env(), "NOTIFICATIONS_LOG_LEVEL": "ERROR", "REDIS_URL": self.redis.url}
        new = [Sender.start(env) for _ in range(count - len(self._senders))]
        self._senders += await asyncio.gather(*new)
        return self._senders[:count]

    def client(self, user: Any, *, protocol: int = 2, direct: bool = False, **options: Any) -> Client:
        """A client that is not connected yet; ``direct``: without the proxy in between."""
        port = self.site.port if direct else self.door.port
        url = f"ws://127.0.0.1:{port}/ws/notifications"
        query = {"user_id": wire_key(user)}
        if self.is_product:
            client: Client = ProductClient(
                url,
                protocol=protocol,
                query=query,
                headers={"X-API-Key": SERVICE_KEY},
                list_url=f"{self.site.http}/api/notifications",
                **options,
            )
        else:
            client = TutorialClient(url, query={**query, "api_key": SERVICE_KEY}, **options)
        self._clients.append(client)
        return client

    async def let_clients_go(self) -> None:
        for client in self._clients:
            client.rest()
        self.door.cut()
        for client in self._clients:
            if client.socket is not None:
                client.socket.transport.abort()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.gather(*(client.leave() for client in self._clients), return_exceptions=True)
        self._clients.clear()

    async def kill_server(self) -> None:
        await asyncio.to_thread(self.site.kill)

    async def end_server(self) -> None:
        assert self.site.process is not None
        await asyncio.to_thread(end, self.site.process)

    async def start_server(self) -> None:
        await asyncio.to_thread(self.site.start)

    async def kill_redis(self) -> None:
        """Its port refuses connections then, as a dead Redis's does."""
        await asyncio.to_thread(self.redis.kill)
        await self.redis_link.stop()

    async def start_redis(self) -> None:
        await asyncio.to_thread(self.redis.start)
        await self.redis_link.start()
