"""SPEC §1.1: the eight tests of ``WebSocketManager`` itself, one for each method and its meaning; then crowds."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from typing import Any

import pytest

from notifications.live.manager import WebSocketManager, get_websocket_manager, local_managers
from tests.live.asgi_socket import AsgiSocket, connection


class Socket:
    """The least that a connection must be: an awaitable ``send_text(str)``."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.closed = False

    async def send_text(self, text: str) -> None:
        self.frames.append(json.loads(text))

    async def close(self) -> None:
        self.closed = True


class DeadSocket(Socket):
    async def send_text(self, text: str) -> None:
        raise ConnectionResetError


class HangingSocket(Socket):
    async def send_text(self, text: str) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def manager() -> WebSocketManager:
    return WebSocketManager()


# -- the eight -----------------------------------------------------------------------------------------------------


async def test_connect_registers_many_connections_of_one_user(manager):
    first, second = Socket(), Socket()
    await manager.connect(1, first)
    await manager.connect(1, second)
    await manager.connect(1, second)
    assert manager.active_connections == {1: {first, second}}


async def test_disconnect_forgets_the_connection_and_then_the_user(manager):
    first, second = Socket(), Socket()
    await manager.connect(1, first)
    await manager.connect(1, second)
    await manager.disconnect(1, first)
    assert manager.active_connections == {1: {second}}
    await manager.disconnect(1, second)
    await manager.disconnect(1, second)
    await manager.disconnect(2, first)
    assert manager.active_connections == {}


async def test_broadcast_notification_counts_and_removes_the_dead(manager):
    alive, dead = Socket(), DeadSocket()
    await manager.connect(1, alive)
    await manager.connect(1, dead)
    notification = {"id": 5, "subject": "Low stock"}
    result = await manager.broadcast_notification(1, notification)
    assert result == {"sent": 1, "failed": 1, "total_connections": 2}
    assert [(frame["type"], frame["data"]) for frame in alive.frames] == [("notification", notification)]
    assert manager.active_connections == {1: {alive}}
    assert await manager.broadcast_notification(9, notification) == {"sent": 0, "failed": 0, "total_connections": 0}


async def test_broadcast_to_multiple_users(manager):
    sockets = {user_id: Socket() for user_id in (1, 2)}
    for user_id, socket in sockets.items():
        await manager.connect(user_id, socket)
    result = await manager.broadcast_to_multiple_users([1, 2, 3], {"id": 5})
    one, none = ({"sent": n, "failed": 0, "total_connections": n} for n in (1, 0))
    assert result == {1: one, 2: one, 3: none}
    assert [len(socket.frames) for socket in sockets.values()] == [1, 1]


async def test_send_unread_count(manager):
    mine, other = Socket(), Socket()
    await manager.connect(1, mine)
    await manager.connect(2, other)
    await manager.send_unread_count(1, 7)
    assert [(frame["type"], frame["data"]) for frame in mine.frames] == [("unread_count", {"unread_count": 7})]
    assert other.frames == []


async def test_send_confirmation(manager):
    tabs = [Socket(), Socket()]
    for tab in tabs:
        await manager.connect(1, tab)
    await manager.send_confirmation(1, 456, read=True)
    for tab in tabs:
        (frame,) = tab.frames
        assert (frame["type"], frame["data"]) == (
            "notification_read_confirmation",
            {"notification_id": 456, "read": True},
        )


async def test_get_connection_count_and_get_active_users(manager):
    assert (manager.get_connection_count(), manager.get_active_users()) == (0, [])
    for user_id in (1, 1, 2):
        await manager.connect(user_id, Socket())
    assert [manager.get_connection_count(user_id) for user_id in (None, 1, 2, 3)] == [3, 2, 1, 0]
    assert sorted(manager.get_active_users()) == [1, 2]


async def test_cleanup_closes_all(manager):
    plain, asgi = Socket(), AsgiSocket()
    await manager.connect(1, plain)
    await manager.connect(1, Socket())
    await manager.connect(2, connection(asgi, 2))
    await manager.cleanup()
    assert plain.closed
    assert [frame["type"] for frame in asgi.frames] == ["server_closing"]
    assert asgi.closed_with == [1012]
    assert (manager.active_connections, manager.get_connection_count()) == ({}, 0)


# -- many at once, and bad ones among them ---------------------------------------------------------------------------


async def test_the_manager_is_one_per_event_loop(manager):
    def elsewhere() -> WebSocketManager:
        async def ask() -> WebSocketManager:
            return get_websocket_manager()

        return asyncio.run(ask())

    assert get_websocket_manager() is get_websocket_manager()
    assert await asyncio.to_thread(elsewhere) is not get_websocket_manager()


def test_a_manager_goes_with_its_loop():
    async def start() -> weakref.ref[WebSocketManager]:
        get_websocket_manager().start()
        return weakref.ref(get_websocket_manager())

    first = asyncio.run(start())
    asyncio.run(start())
    gc.collect()
    assert first() is None


async def test_hints_go_to_started_managers_only(settings):
    settings.NOTIFICATIONS = {"CHANNEL_LAYER": "none", "DB_THREADS": 1}
    manager = get_websocket_manager()
    assert manager not in local_managers()
    manager.start()
    assert manager in local_managers()
    await manager.cleanup()
    assert manager not in local_managers()


async def test_a_user_may_be_named_by_the_keys_text(manager):
    socket, odd = Socket(), Socket()
    await manager.connect(123, socket)
    await manager.connect("no key of this site", odd)
    for name in ("123", "no key of this site"):
        assert (await manager.broadcast_notification(name, {"id": 1}))["sent"] == 1
        assert manager.get_connection_count(name) == 1
    assert await manager.broadcast_to_multiple_users((name for name in ["123", 5]), {"id": 2}) == {
        "123": {"sent": 1, "failed": 0, "total_connections": 1},
        5: {"sent": 0, "failed": 0, "total_connections": 0},
    }
    await manager.disconnect("123", socket)
    assert manager.get_active_users() == ["no key of this site"]


async def test_a_hanging_connection_holds_up_nobody_and_counts_as_failed(manager, settings):
    settings.NOTIFICATIONS = {"PING_TIMEOUT_SECONDS": 0.1}
    alive, hanging = Socket(), HangingSocket()
    await manager.connect(1, hanging)
    await manager.connect(1, alive)
    await manager.connect(2, alive)
    slow = asyncio.create_task(manager.broadcast_notification(1, {"id": 1}))
    assert (await manager.broadcast_notification(2, {"id": 2}))["sent"] == 1
    async with asyncio.timeout(2):
        assert await slow == {"sent": 1, "failed": 1, "total_connections": 2}
    assert {frame["data"]["id"] for frame in alive.frames} == {1, 2}
    assert manager.active_connections[1] == {alive}


async def test_a_connection_that_cannot_even_be_called_counts_as_failed(manager):
    class Broken:
        def send_text(self, text: str) -> None:
            raise RuntimeError

    alive = Socket()
    for socket in (Broken(), alive):
        await manager.connect(1, socket)
    assert await manager.broadcast_notification(1, {"id": 1}) == {"sent": 1, "failed": 1, "total_connections": 2}
    assert len(alive.frames) == 1


async def test_a_close_that_hangs_or_fails_does_not_stop_the_cleanup(manager, monkeypatch):
    monkeypatch.setattr("notifications.live.manager.CLOSE_SECONDS", 0.1)

    class Stubborn(Socket):
        async def close(self) -> None:
            await asyncio.Event().wait()

    class Failing(Socket):
        def close(self) -> None:
            raise RuntimeError

    calm = Socket()
    for socket in (Stubborn(), Failing(), calm):
        await manager.connect(1, socket)
    async with asyncio.timeout(2):
        await manager.cleanup()
    assert calm.closed


async def test_connecting_leaving_and_broadcasting_all_at_once(manager):
    class Passing(Socket):
        async def send_text(self, text: str) -> None:
            await asyncio.sleep(0)
            await super().send_text(text)

    async def visit(user_id: int) -> None:
        for _ in range(20):
            socket = Passing()
            await manager.connect(user_id, socket)
            result = await manager.broadcast_notification(user_id, {"id": user_id})
            assert result["failed"] == 0
            assert result["sent"] == result["total_connections"] >= 1
            await manager.disconnect(user_id, socket)
            assert {frame["data"]["id"] for frame in socket.frames} == {user_id}

    staying = Socket()
    await manager.connect(0, staying)
    await asyncio.gather(*(visit(number % 5) for number in range(50)))
    assert manager.active_connections == {0: {staying}}


async def test_a_frame_sent_by_hand_moves_no_cursor(manager):
    asgi = AsgiSocket()
    one = connection(asgi, 1, sent=7)
    await manager.connect(1, one)
    await manager.broadcast_notification(1, {"id": 5, "subject": "by hand"})
    assert one.sent == 7
    assert "rev" not in asgi.frames[0]["data"]
