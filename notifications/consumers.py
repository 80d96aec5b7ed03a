"""From ASGI to the manager and the services, and back; no logic of its own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.db import Error as DatabaseError

from .auth.identity import Identity, Refused
from .conf import conf
from .exceptions import NotificationError
from .inbox import actions
from .live import commands, protocol
from .live.commands import Command, JunkFrame, Opening
from .live.connection import Connection
from .live.executor import run_db
from .live.limits import FrameRate, JunkCount
from .live.manager import get_websocket_manager
from .live.protocol import Close
from .live.transports import adapted
from .observability.metrics import requests_total, websocket_connections

logger = logging.getLogger("notifications")

_CHANGES: dict[str, Callable[..., actions.Change]] = {
    "mark_read": actions.mark_read,
    "mark_unread": actions.mark_unread,
    "archive": actions.archive,
    "unarchive": actions.unarchive,
    "delete": actions.delete,
}


class NotificationConsumer(AsyncConsumer):
    """One socket of one user.

    ``scope["notifications"]`` holds who it is, or why not; see :class:`notifications.middleware.ApiKeyMiddleware`.
    """

    scope: Any
    base_send: Any
    connection: Connection | None = None
    _rate: FrameRate | None = None
    _junk: JunkCount | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Overridden, with dispatch(): the inherited ones keep a layer queue and a task per socket, and hop to a
        # thread for every message. The manager receives for all sockets of the process.
        self.scope, self.base_send = scope, send
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            await self._forget()

    async def dispatch(self, message: Any) -> None:
        kind = message["type"]
        if kind == "websocket.connect":
            await self.websocket_connect()
        elif kind == "websocket.receive":
            await self.websocket_receive(message)
        elif kind == "websocket.disconnect":
            await self.websocket_disconnect(message)

    # -- opening -----------------------------------------------------------------------------------------------

    async def websocket_connect(self) -> None:
        identity = await self.identify()
        offered = protocol.SUBPROTOCOL in self.scope.get("subprotocols", ())
        # Accepted before it is refused: a refusal before that reaches browsers as a bare 1006, which they retry.
        await self.base_send({"type": "websocket.accept", "subprotocol": protocol.SUBPROTOCOL if offered else None})
        self.base_send = adapted(self.base_send)
        if not isinstance(identity, Identity):
            await self._refuse(identity or Refused("no ApiKeyMiddleware around the consumer"))
            return
        opening = commands.parse_opening(self.scope.get("query_string", b""), self.scope.get("subprotocols", ()))
        connection = Connection(self.base_send, identity=identity, protocol=opening.protocol)
        self.connection = connection
        websocket_connections.inc()
        requests_total.inc("websocket", "accepted")
        await self._greet(connection, opening)

    async def identify(self) -> Identity | Refused | None:
        """Who opens this socket, or why nobody may."""
        identity: Identity | Refused | None = self.scope.get("notifications")
        return identity

    async def _greet(self, connection: Connection, opening: Opening) -> None:
        try:
            known = await get_websocket_manager().open(connection, since=opening.since, epoch=opening.epoch)
        except DatabaseError:
            logger.exception("a socket could not be greeted")
            connection.push(protocol.error("unavailable", "The database does not answer. Try again."))
            connection.close(1011, "Unavailable")
            return
        if not known:
            connection.push(protocol.error("unauthorized", "Unauthorized"))
            connection.close(Close.UNAUTHORIZED, "Unauthorized")
        self._log("socket opened")

    async def _refuse(self, refused: Refused) -> None:
        requests_total.inc("websocket", "refused")
        logger.warning("socket refused", extra={"reason": refused.reason, "code": refused.code})
        code = "unauthorized" if refused.code == Close.UNAUTHORIZED else "origin"
        await self.base_send({"type": "websocket.send", "text": protocol.error(code, refused.message)})
        await self.base_send({"type": "websocket.close", "code": int(refused.code), "reason": refused.message})

    # -- frames ------------------------------------------------------------------------------------------------

    async def websocket_receive(self, message: Any) -> None:
        connection = self.connection
        if connection is None or connection.close_code is not None:
            return
        connection.last_heard = now = connection.loop.time()
        # Made with the first frame: most sockets only listen.
        self._rate = self._rate or FrameRate(conf.FRAMES_PER_SECOND, conf.FRAMES_BURST, connection.opened_at)
        if not self._rate.allow(now):
            connection.push(protocol.error("too_many_frames", "Too many frames. Connect again later."))
            connection.close(Close.TOO_MANY_FRAMES, "Too many frames")
            return
        try:
            command = commands.parse(
                message.get("text"),
                max_bytes=conf.MAX_FRAME_BYTES,
                max_depth=conf.MAX_FRAME_DEPTH,
                max_ids=conf.MAX_IDS,
            )
        except JunkFrame as junk:
            connection.push(protocol.error(junk.code, junk.message, junk.request_id))
            self._junk = self._junk or JunkCount()
            if self._junk.is_last_straw(now):
                connection.close(Close.JUNK, "Three junk frames within a minute")
            return
        await self._obey(connection, command)

    async def _obey(self, connection: Connection, command: Command) -> None:
        try:
            await self._handlers(command)(connection, command)
        except NotificationError as error:
            connection.push(protocol.error(error.code, str(error), command.request_id))
        except DatabaseError as error:
            logger.warning(
                "a command failed",
                extra={"user_id": str(connection.user_id), "error": f"{type(error).__name__}: {error}".strip()},
            )
            message = "The database does not answer. Nothing was changed; try again."
            connection.push(protocol.error("unavailable", message, command.request_id))

    def _handlers(self, command: Command) -> Callable[[Connection, Command], Awaitable[None]]:
        if command.type in _CHANGES and command.ids is not None:
            return self._change
        handlers: dict[str, Callable[[Connection, Command], Awaitable[None]]] = {
            "ping": self._ping,
            "pong": self._pong,
            "get_unread_count": self._get_unread_count,
            "mark_read": self._mark_all_read,
            "mark_all_read": self._mark_all_read,
            "mark_seen": self._mark_seen,
            "sync": self._sync,
        }
        return handlers[command.type]

    async def _ping(self, connection: Connection, command: Command) -> None:
        connection.push(protocol.pong())

    async def _pong(self, connection: Connection, command: Command) -> None:
        """Heard, which is all that matters."""

    async def _get_unread_count(self, connection: Connection, command: Command) -> None:
        count = await get_websocket_manager().standing.unread_count(connection)
        connection.push(protocol.unread_count(count, command.request_id))

    async def _change(self, connection: Connection, command: Command) -> None:
        assert command.ids is not None
        change = await run_db(_CHANGES[command.type], connection.user_id, command.ids)
        if not change.ids:
            message = "You have no notification with that id."
            connection.push(protocol.error("not_found", message, command.request_id))
        elif not change.changed and command.type not in {"mark_read", "mark_unread"}:
            # Archived or not says nothing about read or not.
            await self._get_unread_count(connection, command)
        elif not change.changed:
            # So already: there is no new revision to announce, but whoever asked gets an answer.
            extra = {} if command.request_id is None else {"request_id": command.request_id}
            for pk in change.ids:
                connection.push(protocol.plain_confirmation(pk, read=command.type == "mark_read", **extra))

    async def _mark_all_read(self, connection: Connection, command: Command) -> None:
        change = await run_db(actions.mark_all_read, connection.user_id, command.up_to_seq)
        if not change.changed:
            await self._get_unread_count(connection, command)

    async def _mark_seen(self, connection: Connection, command: Command) -> None:
        assert command.up_to_seq is not None
        await run_db(actions.mark_seen, connection.user_id, command.up_to_seq)

    async def _sync(self, connection: Connection, command: Command) -> None:
        assert command.since is not None
        if connection.protocol == 2:
            await get_websocket_manager().standing.sync(connection, command.since, command.epoch)

    # -- closing -----------------------------------------------------------------------------------------------

    async def websocket_disconnect(self, message: Any) -> None:
        if self.connection is not None:
            if self.connection.close_code is None:
                self.connection.close_code = message.get("code") or 1005
            await self._forget()
        raise StopConsumer

    async def _forget(self) -> None:
        connection, self.connection = self.connection, None
        if connection is None:
            return
        connection.abandon()
        await get_websocket_manager().disconnect(connection.user_id, connection)
        websocket_connections.inc(by=-1)
        self._log("socket closed", connection)

    def _log(self, event: str, connection: Connection | None = None) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        connection = connection or self.connection
        assert connection is not None
        extra: dict[str, Any] = {
            "user_id": str(connection.user_id),
            "via": str(connection.identity.via),
            "active_connections": int(websocket_connections.value()),
        }
        if connection.close_code is not None:
            extra |= {
                "code": int(connection.close_code),
                "seconds": round(connection.loop.time() - connection.opened_at, 3),
            }
        logger.info(event, extra=extra)
