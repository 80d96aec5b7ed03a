"""SPEC §1.8: one metrics test. The counters are read where operators read them."""

from __future__ import annotations

import asyncio

from tests.live_site import LiveSite


async def counters(live: LiveSite) -> dict[str, float]:
    text = (await live.http.get("/api/notifications/metrics")).raise_for_status().text
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


async def test_sockets_are_counted_while_they_are_open(live: LiveSite, user):
    accepted, refused = (f'requests_total{{kind="websocket",outcome="{how}"}}' for how in ("accepted", "refused"))
    before = await counters(live)
    clients = [await live.open(user) for _ in range(3)]
    stranger = await live.stranger({"user_id": user.pk}).connect()
    await stranger.closes_with(1008)
    await live.send(user)
    open_now = await counters(live)
    assert open_now["websocket_connections"] == 3
    assert open_now[accepted] - before.get(accepted, 0) == 3
    assert open_now[refused] - before.get(refused, 0) == 1
    sent = 'notifications_sent_total{type="stock_alert"}'
    assert open_now[sent] - before.get(sent, 0) == 1
    for client in clients:
        await client.leave()
    async with asyncio.timeout(5):
        while (await counters(live))["websocket_connections"] != 0:
            pass
