"""The standing tasks of a server process do not hold each other up, and none runs without pause."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any

from notifications.inbox import retention
from notifications.inbox.sweeper import sweep
from notifications.live import background as module
from notifications.live.background import Background
from notifications.live.manager import WebSocketManager
from tests.live.waiting import until


async def test_an_expiry_that_takes_long_holds_up_no_sweep(monkeypatch, settings):
    settings.NOTIFICATIONS = {"CHANNEL_LAYER": "none", "SWEEP_SECONDS": 0.01}
    rounds: Counter[Any] = Counter()

    async def run(function: Any, *_: Any, **__: Any) -> int:
        rounds[function] += 1
        if function is retention.expire:
            await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(module, "run_db", run)
    manager = WebSocketManager()
    manager.start()
    await until(lambda: rounds[retention.expire] and rounds[sweep] >= 3)
    assert rounds[retention.expire] == 1
    await manager.cleanup()


async def test_however_often_it_is_woken_it_makes_a_pause(monkeypatch):
    monkeypatch.setattr(module, "SHORTEST_PAUSE_SECONDS", 0.05)
    loop, wake, begun = asyncio.get_running_loop(), asyncio.Event(), []

    async def work() -> None:
        begun.append(loop.time())
        wake.set()  # as by the next hint that nobody understands

    task = asyncio.create_task(Background(WebSocketManager())._every(lambda: 3_600.0, work, wake=wake))
    await until(lambda: len(begun) == 4)
    task.cancel()
    assert min(later - earlier for earlier, later in pairwise(begun)) >= 0.049
