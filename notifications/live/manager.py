"""The sockets of one process and event loop, and the order in which each hears of its inbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from ..conf import conf
from ..exceptions import UnknownRecipient
from ..inbox.database import parse_user_key
from . import collector, protocol
from .background import Background
from .connection import CLOSE_SECONDS, Connection
from .fanout import FanOut
from .hints import Hint
from .identities import Identities
from .membership import Membership, shared_layer, user_group
from .protocol import Close, wire_key
from .repairs import Repairs
from .snapshots import Snapshots
from .standing import Standing

logger = logging.getLogger("notifications")

RETRY_AFTER_MS = 2_000


class BroadcastResult(TypedDict):
    sent: int
    failed: int
    total_connections: int


class WebSocketManager:
    """Registers sockets and delivers to them.

    A connection is anything with an awaitable ``send_text(str)``. Those that are a
    :class:`~notifications.live.connection.Connection` also follow the stream of their user's inbox.
    """

    def __init__(self) -> None:
        self.active_connections: dict[Any, set[Any]] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.membership: Membership | None = None
        self.identities = Identities()
        self.repairs = Repairs()
        self.standing = Standing(Snapshots(), self.repairs)
        self.fanout = FanOut(self.active_connections, self.repairs)
        self._background: Background | None = None

    # -- the registry ------------------------------------------------------------------------------------------

    async def connect(self, user_id: Any, websocket: Any) -> None:
        """Register a connection; a user may have many. Returns when this process hears of the user's changes."""
        key = _key(user_id)
        self.active_connections.setdefault(key, set()).add(websocket)
        if self.membership is not None:
            await self.membership.join(user_group(key))

    async def disconnect(self, user_id: Any, websocket: Any) -> None:
        """Forget a connection; a user with none left is forgotten too. Unknown ones are ignored."""
        self._forget(_key(user_id), websocket)

    def _forget(self, key: Any, websocket: Any) -> None:
        connections = self.active_connections.get(key)
        if connections is None:
            return
        connections.discard(websocket)
        if not connections:
            del self.active_connections[key]
            if self.membership is not None:
                self.membership.leave(user_group(key))

    def get_connection_count(self, user_id: Any = None) -> int:
        """How many connections a user has, or all users together."""
        if user_id is not None:
            return len(self.active_connections.get(_key(user_id), ()))
        return sum(map(len, self.active_connections.values()))

    def get_active_users(self) -> list[Any]:
        """Users with at least one connection to this process."""
        return list(self.active_connections)

    def streams(self) -> list[Connection]:
        """The connections that follow an inbox."""
        everyone = self.active_connections.values()
        return [c for connections in everyone for c in connections if isinstance(c, Connection)]

    # -- frames sent by hand: shown, never stored, no revision --------------------------------------------------

    async def broadcast_notification(self, user_id: Any, notification: Mapping[str, Any]) -> BroadcastResult:
        """Send a ``notification`` frame to every connection of the user. It is not stored and moves no cursor.

        A connection that fails is counted and removed; it never stops the others.
        """
        return await self._send_to_all(user_id, protocol.frame("notification", notification))

    async def broadcast_to_multiple_users(
        self, user_ids: Iterable[Any], notification: Mapping[str, Any]
    ) -> dict[Any, BroadcastResult]:
        """The same for many users; the frame is rendered once."""
        text = protocol.frame("notification", notification)
        user_ids = list(user_ids)
        results = await asyncio.gather(*(self._send_to_all(user_id, text) for user_id in user_ids))
        return dict(zip(user_ids, results, strict=True))

    async def send_unread_count(self, user_id: Any, count: int) -> BroadcastResult:
        """Send an ``unread_count`` frame to every connection of the user."""
        return await self._send_to_all(user_id, protocol.unread_count(count))

    async def send_confirmation(self, user_id: Any, notification_id: int, read: bool) -> BroadcastResult:
        """Send a ``notification_read_confirmation`` frame to every connection of the user."""
        return await self._send_to_all(user_id, protocol.plain_confirmation(notification_id, read=read))

    async def _send_to_all(self, user_id: Any, text: str) -> BroadcastResult:
        key = _key(user_id)
        # A copy: connections come and go while the slow ones are waited for, and no lock is held meanwhile.
        connections = list(self.active_connections.get(key, ()))
        if not connections:
            return BroadcastResult(sent=0, failed=0, total_connections=0)
        outcomes = await asyncio.gather(*(_send_one(c, text) for c in connections), return_exceptions=True)
        failed = [c for c, outcome in zip(connections, outcomes, strict=True) if isinstance(outcome, BaseException)]
        for connection in failed:
            self._forget(key, connection)
        return BroadcastResult(
            sent=len(connections) - len(failed), failed=len(failed), total_connections=len(connections)
        )

    # -- the stream ----------------------------------------------------------------------------------------------

    async def open(self, connection: Connection, *, since: int | None = None, epoch: str = "") -> bool:
        """Register a socket, greet it, and bring it from ``since`` to the present. False if its user is gone."""
        # Join before reading: a row committed in between would reach neither.
        await self.connect(connection.user_id, connection)
        return await self.standing.greet(connection, since, epoch)

    @property
    def started(self) -> bool:
        """Whether anybody listens: a manager that only registers sockets needs no hints."""
        return self._background is not None

    def receive_from_any_thread(self, hint: Hint) -> None:
        """Take a hint that arose in this process."""
        if self.loop is not None and self._background is not None:
            try:
                self.loop.call_soon_threadsafe(self.fanout.receive, hint)
            except RuntimeError:
                self._background = None  # the loop was closed without cleanup(): nobody listens there any more

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen, to reconcile and to sweep. Called with the loop's first ASGI scope; again is harmless."""
        if self._background is None:
            if conf.TUNE_GARBAGE_COLLECTOR:
                collector.tune()
            self._background = Background(self)
            layer = shared_layer()
            if layer is not None:
                self.membership = Membership(layer, self.fanout.receive)
            self._background.start()

    async def cleanup(self) -> None:
        """Close all sockets, with an orderly word first, and stop what :meth:`start` began."""
        closing = []
        for connection in self.streams():
            if connection.protocol == 2:
                connection.push(protocol.server_closing(RETRY_AFTER_MS))
            closing.append(connection.close(Close.RESTARTING, "Restarting"))
        others = [c for connections in self.active_connections.values() for c in connections]
        self.active_connections.clear()
        await asyncio.gather(*(_close_other(c) for c in others if not isinstance(c, Connection)))
        await asyncio.gather(*(task for task in closing if task is not None))
        if self.membership is not None:
            await self.membership.close()
        if self._background is not None:
            await self._background.stop()
            self._background = self.membership = None


async def _send_one(websocket: Any, text: str) -> None:
    # Ours never waits. Whatever else was registered may hang, and the caller wants its result.
    async with asyncio.timeout(conf.PING_TIMEOUT_SECONDS):
        await websocket.send_text(text)


async def _close_other(websocket: Any) -> None:
    close = getattr(websocket, "close", None)
    if close is None:
        return
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            result = close()
            if asyncio.iscoroutine(result):
                await result
    except Exception:
        logger.debug("a socket was gone before it could be closed")


def _key(user_id: Any) -> Any:
    """How a user is registered, whether named by a key, its text or the user."""
    try:
        return wire_key(parse_user_key(user_id))
    except UnknownRecipient:
        return wire_key(user_id)


_managers: dict[asyncio.AbstractEventLoop, WebSocketManager] = {}


def get_websocket_manager() -> WebSocketManager:
    """The manager of the running event loop.

    Raises:
        RuntimeError: there is no running loop; sockets of other processes cannot be reached by hand. Send a
            notification instead, which reaches them all.
    """
    loop = asyncio.get_running_loop()
    manager = _managers.get(loop)
    if manager is None:
        for old in list(_managers):
            if old.is_closed():
                _managers.pop(old, None)
        manager = _managers[loop] = WebSocketManager()
        manager.loop = loop
    return manager


def local_managers() -> list[WebSocketManager]:
    """The managers that have been started, of every open loop of this process."""
    return [manager for loop, manager in list(_managers.items()) if manager.started and not loop.is_closed()]
