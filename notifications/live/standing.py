"""Where a socket stands in its inbox's stream: at its greeting, when it comes back, and when it asks."""

from __future__ import annotations

from ..conf import conf
from ..inbox.changes import InboxState, resync_reason, start_new_epoch, went_back
from ..inbox.database import write_database
from . import protocol
from .connection import Connection
from .executor import run_db
from .protocol import Close, wire_key
from .repairs import Repairs
from .snapshots import Snapshots

READS_OF_A_COUNT = 3  # a second one is rare, and a database that went back stays behind until somebody notices


class Standing:
    """Puts sockets where the database says they stand; what they miss from there on, :class:`Repairs` reads."""

    def __init__(self, snapshots: Snapshots, repairs: Repairs) -> None:
        self.snapshots = snapshots
        self.repairs = repairs

    async def greet(self, connection: Connection, since: int | None, epoch: str) -> bool:
        """Greet a socket and bring it from ``since`` to the present. False if its user is gone."""
        state = await self.snapshots.get(connection.user_id)
        if state is None:
            return False
        connection.push(greeting(connection, state))
        connection.push(protocol.unread_count(state.unread_count))
        if since is None:
            self.put(connection, state, state.rev)
            return True
        return await self._resume(connection, state, since, epoch)

    async def sync(self, connection: Connection, since: int, epoch: str) -> None:
        """Answer a client that asks for what it missed."""
        before, connection.sent = connection.sent, None
        self.repairs.interrupt(connection)
        try:
            state = await self.snapshots.get(connection.user_id)
            known = state is not None and await self._resume(connection, state, since, epoch)
        except Exception:
            # The client hears of the failure. With no place to stand, it would never hear of anything else.
            if before is not None:
                connection.epoch, connection.sent = epoch, min(since, before)
                self.repairs.add(connection)
            raise
        if not known:
            connection.close(Close.RIGHT_ENDED, "Access ended")

    async def unread_count(self, connection: Connection) -> int:
        """The count for a client that asks. None that is older than what it was told while this was read."""
        for _ in range(READS_OF_A_COUNT):
            state = await self.snapshots.get(connection.user_id)
            if state is None or state.epoch != connection.epoch or state.rev >= (connection.sent or 0):
                break
        return state.unread_count if state else 0

    async def _resume(self, connection: Connection, state: InboxState, since: int, epoch: str) -> bool:
        if went_back(state, since, epoch):
            renewed = await run_db(start_new_epoch, state.user_id, using=write_database())
            if renewed is None:
                return False  # the user was deleted meanwhile
            state = renewed
        reason = resync_reason(state, since, epoch)
        if reason:
            connection.push(protocol.resync_required(reason, state.epoch, state.rev))
            since = state.rev
        elif since == state.rev:
            connection.push(protocol.sync_complete(state.rev, state.seen_seq, state.unread_count))
        self.put(connection, state, since)
        return True

    def put(self, connection: Connection, state: InboxState, rev: int) -> None:
        """Let the socket go on from ``rev``."""
        connection.epoch, connection.sent = state.epoch, rev
        connection.early.clear()
        if rev < max(state.rev, connection.highest):
            self.repairs.add(connection)


def greeting(connection: Connection, state: InboxState) -> str:
    """The ``connection_established`` frame."""
    data = {"user_id": wire_key(connection.user_id), "message": "Connected to notification server"}
    if connection.protocol == 2:
        data |= {
            "protocol": 2,
            "rev": state.rev,
            "horizon_rev": state.horizon_rev,
            "epoch": state.epoch,
            "seen_seq": state.seen_seq,
            "unread_count": state.unread_count,
            "ping_interval": conf.PING_INTERVAL_SECONDS,
        }
    return protocol.frame("connection_established", data)
