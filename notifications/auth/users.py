"""The user a credential speaks for, and the ``user_id`` a client may name beside it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from ..exceptions import UnknownRecipient
from ..inbox.database import parse_user_key, write_database
from .identity import Refused


def parse_user_id(user_id: str) -> Any:
    try:
        # PostgreSQL takes no NUL in text, and a text primary key would let it through.
        if "\x00" not in user_id:
            return parse_user_key(user_id)
    except UnknownRecipient:
        pass
    raise Refused("user_id malformed")


def named_user(user_id: str | None) -> Any:
    """The active user a service key acts for, read from the write database: a replica may be behind."""
    if not user_id:
        raise Refused("user_id missing")
    users = get_user_model()._default_manager.using(write_database())
    user = users.filter(pk=parse_user_id(user_id)).first()
    if user is None:
        raise Refused("unknown user")
    require_active(user)
    return user


def require_active(user: Any) -> None:
    if not user.is_active:
        raise Refused("user inactive")


def require_own(user_id: str | None, own: Any, *, owner: str) -> None:
    """A ``user_id`` is optional beside a credential that is bound to a user, but must not name another."""
    if user_id is not None and parse_user_id(user_id) != own:
        raise Refused(f"user_id is not the {owner}'s own")
