"""A manager whose repairs read a model of the database, and one client of each protocol on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings

from notifications.live import repairs
from notifications.live.background import Background
from notifications.live.manager import WebSocketManager
from tests.inbox_copy import InboxCopy
from tests.live.asgi_socket import AsgiSocket, connection
from tests.live.model_inbox import ModelInbox


class Hub:
    """A manager whose repairs read the model, and one client of each protocol."""

    def __init__(self, model: ModelInbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.model, self.reads = model, 0
        self.manager = WebSocketManager()
        self.background = Background(self.manager)
        self.sockets = {2: AsgiSocket(), 1: AsgiSocket()}
        self.copies = {2: InboxCopy(), 1: InboxCopy()}
        self.streams = {p: connection(socket, protocol=p, sent=0) for p, socket in self.sockets.items()}
        self.manager.active_connections[1] = set(self.streams.values())
        self.copies[2].rev, self.copies[2].epoch, self.copies[2].up_to_date = 0, "e", True
        self._heard = dict.fromkeys(self.sockets, 0)
        monkeypatch.setattr(repairs, "run_db", self._run_db)

    async def _run_db(self, function: Callable[..., Any], since: dict[int, int], **_: Any) -> Any:
        assert function is repairs.changes_since, function
        self.reads += 1
        answer = {user_id: self.model.changes(rev) for user_id, rev in since.items()}
        await asyncio.sleep(0)  # what is committed meanwhile is not in the answer
        return answer

    def hear(self) -> None:
        for number, socket in self.sockets.items():
            copy = self.copies[number]
            for frame in socket.frames[self._heard[number] :]:
                (copy.hear if number == 2 else copy.hear_plain)(frame["type"], frame["data"])
                if copy.needs_list:
                    copy.load(self.model.pages())
            self._heard[number] = len(socket.sent)

    def reconcile(self) -> None:
        for stream in self.streams.values():
            self.background._compare(stream, stream.sent, self.model.rev, self.model.epoch)

    @property
    def settled(self) -> bool:
        here = (self.model.rev, self.model.epoch)
        return all((s.sent, s.epoch) == here and not s.lagging and s._queue is None for s in self.streams.values())


async def come_to_rest(hub: Hub, *, reconciler: bool = False) -> None:
    """Every socket reads again, and with the reconciler's help, if need be, all must be well."""
    for socket in hub.sockets.values():
        socket.free()
    async with asyncio.timeout(5):
        while not hub.settled:
            if reconciler:
                hub.reconcile()
            await asyncio.sleep(0.001)
            hub.hear()
    hub.hear()


def scenario(test: Callable[[Hub], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """The test on a loop of its own, with the hub at work."""

    def run(monkeypatch: pytest.MonkeyPatch) -> None:
        async def inside() -> None:
            hub = Hub(ModelInbox(), monkeypatch)
            running = [asyncio.create_task(work.run()) for work in (hub.manager.fanout, hub.manager.repairs)]
            await test(hub)
            assert not any(task.done() for task in running)

        with override_settings(NOTIFICATIONS={"GAP_SECONDS": 0.05}):
            asyncio.run(inside())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run
