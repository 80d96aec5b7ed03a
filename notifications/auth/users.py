"""The user a credential speaks for, and the ``user_id`` a client may name beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
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


def named_users(user_ids: Iterable[str | None]) -> dict[Any, Any]:
    """The users that service keys may act for, by primary key; from the write database: a replica may be behind."""
    keys = []
    for user_id in user_ids:
        with suppress(Refused):
            keys.append(parse_user_id(user_id or ""))
    users = get_user_model()._default_manager.using(write_database()).filter(pk__in=keys)
    return {user.pk: user for user in users}


def named_user(user_id: str | None, users: Mapping[Any, Any]) -> Any:
    """The active user a service key acts for, of those that :func:`named_users` has read."""
    if not user_id:
        raise Refused("user_id missing")
    user = users.get(parse_user_id(user_id))
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
