"""SPEC §1.8: the three figures of the original. ``pytest -s`` prints by how much they are beaten."""

from __future__ import annotations

import asyncio
import time

import pytest

from notifications.live.manager import WebSocketManager
from tests.live.asgi_socket import AsgiSocket, connection
from tests.live_site import LiveSite

pytestmark = pytest.mark.performance


async def test_a_broadcast_to_10_users_takes_less_than_100_ms():
    manager = WebSocketManager()
    sockets = [AsgiSocket() for _ in range(10)]
    for user_id, socket in enumerate(sockets):
        await manager.connect(user_id, connection(socket, user_id))
    started = time.perf_counter()
    results = await manager.broadcast_to_multiple_users(range(10), {"id": 1, "subject": "x" * 200})
    seconds = time.perf_counter() - started
    assert [result["sent"] for result in results.values()] == [1] * 10
    assert seconds < 0.1
    print(f"broadcast to 10 users: {seconds * 1000:.2f} ms")


async def test_100_concurrent_connections(live: LiveSite, user):
    clients = [live.client(user) for _ in range(100)]
    started = time.perf_counter()
    await asyncio.gather(*(client.connect() for client in clients))
    opened = time.perf_counter()
    pk = await live.send(user)
    await asyncio.gather(*(client.hears("notification") for client in clients))
    heard = time.perf_counter()
    assert [client.copy.shown for client in clients] == [[pk]] * 100
    assert opened - started < 5
    assert heard - opened < 2
    print(f"{live.kind}: 100 opened in {opened - started:.2f} s, all told in {(heard - opened) * 1000:.0f} ms")


async def test_cleaning_up_500_connections_takes_less_than_500_ms():
    manager = WebSocketManager()
    sockets = [AsgiSocket() for _ in range(500)]
    for number, socket in enumerate(sockets):
        await manager.connect(number % 50, connection(socket, number % 50))
    started = time.perf_counter()
    await manager.cleanup()
    seconds = time.perf_counter() - started
    assert all(socket.closed_with == [1012] for socket in sockets)
    assert manager.get_connection_count() == 0
    assert seconds < 0.5
    print(f"clean-up of 500 connections: {seconds * 1000:.0f} ms")
