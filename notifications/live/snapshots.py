"""Read where inboxes stand for many connecting clients at once."""

from __future__ import annotations

import asyncio
from typing import Any

from ..inbox.changes import InboxState, inbox_states
from ..inbox.database import write_database
from .executor import run_db


class Snapshots:
    """While one query runs, whoever comes waits and shares the next: no timer, and no query per handshake."""

    def __init__(self) -> None:
        self._waiting: dict[Any, asyncio.Future[InboxState | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def get(self, user_id: Any) -> InboxState | None:
        """The state of the user's inbox, read after this call began; ``None`` if there is no such user."""
        future = self._waiting.get(user_id)
        if future is None:
            future = self._waiting[user_id] = asyncio.get_running_loop().create_future()
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        # Shielded: one client that leaves must not cancel the answer for the others.
        return await asyncio.shield(future)

    async def _read(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, {}
                await self._read_some(waiting)
        finally:
            self._reading = None

    async def _read_some(self, waiting: dict[Any, asyncio.Future[InboxState | None]]) -> None:
        try:
            states = await run_db(inbox_states, list(waiting), using=write_database())
        except Exception as error:
            for future in waiting.values():
                if not future.done():
                    future.set_exception(error)
            return
        for user_id, future in waiting.items():
            if not future.done():
                future.set_result(states.get(user_id))
