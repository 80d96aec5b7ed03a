"""What all examples share: one server, neighbours, the loop of the sockets, and what was seen on the whole."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import httpx
from django.contrib.auth.models import User

from tests.live_site import SERVICE_KEY, environment
from tests.servers import Kind, Site
from tests.stateful.device import Device, Moment

T = TypeVar("T")

# Limits so low that a handful of rows passes them: frames that name no ids, replays that are refused, chunks.
LIMITS: dict[str, Any] = {"MAX_IDS": 3, "MAX_REPLAY": 10, "CHUNK_SIZE": 2}
# What a site does every few seconds is done many times in one: so waiting for rest takes a tenth of a second.
QUICK = {"RECONCILE_SECONDS": 0.08, "SWEEP_SECONDS": 0.08, "EXPIRE_SECONDS": 0.08}
IN_THE_SERVER = {**LIMITS, **QUICK, "FRAMES_PER_SECOND": 10_000, "FRAMES_BURST": 10_000}
# No tombstone is too young to be purged: a device that is away for a moment was away for a week.
IN_THE_TEST = {**LIMITS, "TOMBSTONE_DAYS": 0}


class Stage:
    """Use it as a context manager. ``histories`` is the file that the devices' histories go to."""

    def __init__(self, kind: Kind, histories: Path) -> None:
        self.site = Site(kind, {**environment(**IN_THE_SERVER), "NOTIFICATIONS_LOG_LEVEL": "WARNING"})
        self.histories = histories
        self.neighbours = [User.objects.create(username=f"neighbour{number}") for number in range(3)]
        self.tally: Counter[str] = Counter()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="sockets", daemon=True)

    @property
    def summary(self) -> str:
        """What has been done."""
        return ", ".join(f"{count} × {what}" for what, count in self.tally.most_common())

    def __enter__(self) -> Stage:
        self._thread.start()
        self.site.start()
        self._open_http()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.run(self.http.aclose())
        self.site.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def _open_http(self) -> None:
        self.http = httpx.AsyncClient(
            base_url=self.site.http, headers={"X-API-Key": SERVICE_KEY}, timeout=30, trust_env=False
        )

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Let it run among the sockets; the answer says when it has ended."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.start(work).result()

    def device(self, user: Any, name: str, *, protocol: int = 2) -> Device:
        device = Device(
            f"{self.site.ws}/ws/notifications",
            protocol=protocol,
            query={"user_id": user.pk},
            headers={"X-API-Key": SERVICE_KEY},
            list_url=f"{self.site.http}/api/notifications",
        )
        device.name = name
        return device

    async def request(self, user: Any, request: tuple[str, str, dict[str, Any], dict[str, Any] | None]) -> None:
        """
        Raises:
            AssertionError: another answer than "done" and "there is no such notification".
        """
        method, path, query, body = request
        query = query if path == "/send" else {"user_id": user.pk, **query}
        answer = await self.http.request(method, f"/api/notifications{path}", params=query, json=body)
        assert answer.status_code in {200, 201, 404}, f"{request} was answered {answer.status_code}: {answer.text}"

    def restart(self, how: str) -> None:
        """End the server as a crash (``kill``) or a deployment (``terminate``) does, and start it again."""
        getattr(self.site, how)()
        self.site.start()
        self.run(self.http.aclose())  # its connections are gone
        self._open_http()

    def record(self, diary: list[Moment]) -> None:
        """Keep a history for the JavaScript store: a line of JSON."""
        with self.histories.open("a") as file:
            file.write(json.dumps([_event(moment) for moment in diary]) + "\n")
        self.tally["histories"] += 1


def _event(moment: Moment) -> dict[str, Any]:
    """What happened, and what has to be shown then."""
    shown = {
        "since": moment.rev,
        "epoch": moment.epoch,
        "count": moment.unread_count,
        "rows": {pk: list(row) for pk, row in moment.rows.items()},  # as the JavaScript sees them, by id
    }
    if moment.kind == "lost":
        return {"lost": True}
    if moment.kind in {"page", "list"}:
        first, rows = moment.data[0], [row for page in moment.data for row in page["notifications"]]
        return {moment.kind: {**first, "notifications": rows}, "shown": shown}
    return {"frame": moment.data, "held": moment.held, "shown": shown}
