"""Where the inbox of whoever asks stands, once per page."""

from __future__ import annotations

from django.http import HttpRequest

from ..inbox.changes import InboxState, inbox_states
from ..inbox.database import parse_user_key, write_database

_STATE = "_notifications_state"


def state_of_page(request: HttpRequest | None) -> InboxState | None:
    """The state, asked once per page and before its rows; ``None`` for people who are not logged in.

    The page goes on from there: a row that changes meanwhile is heard of twice, where the other order would lose it.
    """
    user = getattr(request, "user", None)
    # An error page may be rendered without a request; it should not fail a second time.
    if request is None or user is None or not user.is_authenticated:
        return None
    if not hasattr(request, _STATE):
        key = parse_user_key(user)
        setattr(request, _STATE, inbox_states([key], using=write_database()).get(key))
    state: InboxState | None = getattr(request, _STATE)
    return state
