"""Who is at the other end, or why nobody may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

UNAUTHORIZED = 1008
ORIGIN_NOT_ALLOWED = 4403

MESSAGES = {UNAUTHORIZED: "Unauthorized", ORIGIN_NOT_ALLOWED: "Origin not allowed"}

Via = Literal["service", "key", "session", "host"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One person's right to an open connection, with what is needed to see later whether it still stands.

    ``via`` says what proved it: the site's service key, an ``ApiKey`` row, the session cookie, or the
    host's own middleware.
    """

    user_id: Any
    via: Via
    api_key_id: int | None = None
    # Worth as much as a password while they live: never in a repr, which ends up in logs.
    session_key: str | None = field(default=None, repr=False)
    session_hash: str = field(default="", repr=False)
    service_hash: str = field(default="", repr=False)


class Refused(Exception):
    """Nobody may connect with these credentials.

    ``reason`` is for the operator's log: a short phrase that never holds a key. ``message`` and ``code``, a
    close code, are for the client, which learns no more than that.
    """

    def __init__(self, reason: str, *, code: int = UNAUTHORIZED) -> None:
        self.reason = reason
        self.code = code
        super().__init__(reason)

    @property
    def message(self) -> str:
        return MESSAGES[self.code]
