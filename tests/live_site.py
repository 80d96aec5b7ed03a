"""A running site as its clients see it: sockets to open, and a door for programs that send."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from notifications.live.protocol import wire_key
from tests.client import Client
from tests.servers import Site

SERVICE_KEY = "the-service-key-of-the-tests"
TYPE = "stock_alert"


def environment(**notifications: Any) -> dict[str, str]:
    """Environment of a server: its service key, and what its ``NOTIFICATIONS`` setting holds."""
    return {"DASHBOARD_API_KEY": SERVICE_KEY, "TEST_NOTIFICATIONS": json.dumps(notifications)}


class LiveSite:
    """Opens sockets as a program with the service key does, and sends from within the server process."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._clients: list[Client] = []
        self._http: httpx.AsyncClient | None = None

    @property
    def kind(self) -> str:
        return self.site.kind

    @property
    def url(self) -> str:
        return f"{self.site.ws}/ws/notifications"

    @property
    def list_url(self) -> str:
        return f"{self.site.http}/api/notifications"

    def client(self, user: Any, *, protocol: int = 2, query: dict[str, Any] | None = None, **options: Any) -> Client:
        """A client that is not connected yet. It goes away when the test ends."""
        user_id = getattr(user, "pk", user)
        client = Client(
            self.url,
            protocol=protocol,
            query={"user_id": user_id, **(query or {})},
            headers={"X-API-Key": SERVICE_KEY, **options.pop("headers", {})},
            list_url=self.list_url,
            **options,
        )
        self._clients.append(client)
        return client

    def stranger(self, query: dict[str, Any] | None = None, *, protocol: int = 1, **options: Any) -> Client:
        """A client with no credentials but those given."""
        client = Client(self.url, protocol=protocol, query=query, **options)
        self._clients.append(client)
        return client

    async def open(self, user: Any, **options: Any) -> Client:
        return await self.client(user, **options).connect()

    @property
    def http(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(base_url=self.site.http, headers={"X-API-Key": SERVICE_KEY}, timeout=30)
        return self._http

    async def send(self, user: Any, subject: str = "Low stock", **content: Any) -> int:
        """Send from within the server process. Returns the notification's id."""
        body = {
            "user_id": wire_key(getattr(user, "pk", user)),
            "notification_type": TYPE,
            "subject": subject,
            **content,
        }
        answer = await self.http.post("/api/notifications/send", json=body)
        return answer.raise_for_status().json()["notification_id"]

    async def send_to_many(self, users: list[Any], subject: str = "To all", **content: Any) -> dict[str, Any]:
        body = {
            "user_ids": [wire_key(user.pk) for user in users],
            "notification_type": TYPE,
            "subject": subject,
            **content,
        }
        answer = await self.http.post("/api/notifications/send", json=body)
        return answer.raise_for_status().json()

    async def logs(self, message: str, *, since: int = 0, seconds: float = 5.0) -> dict[str, Any]:
        """Wait until the server has logged this, after ``since`` characters of its log; return the entry."""
        async with asyncio.timeout(seconds):
            while True:
                for line in self.site.read_log()[since:].splitlines():
                    if f'"message": "{message}"' in line:
                        return json.loads(line)
                await asyncio.sleep(0.02)  # a file tells nobody that it has grown

    async def close(self) -> None:
        for client in self._clients:
            await client.leave()
        if self._http is not None:
            await self._http.aclose()
