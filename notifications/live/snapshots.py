"""Read where inboxes stand for many connecting clients at once."""

from __future__ import annotations

from typing import Any

from ..inbox.changes import InboxState, inbox_states
from ..inbox.database import write_database
from .executor import run_db
from .together import Together


class Snapshots(Together[Any, InboxState | None]):
    """The state of a user's inbox; ``None`` if there is no such user."""

    def __init__(self) -> None:
        super().__init__(self._read)

    @staticmethod
    async def _read(user_ids: list[Any]) -> list[InboxState | None]:
        states = await run_db(inbox_states, set(user_ids), using=write_database())
        return [states.get(user_id) for user_id in user_ids]
