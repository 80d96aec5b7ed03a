"""Which database, and who is meant: asked the same way everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, BigAutoField, BigIntegerField, IntegerField

from ..exceptions import UnknownRecipient
from ..models import Notification

SMALLEST_RANGE = 2**31 - 1

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")


def write_database() -> str:
    """The alias that inboxes live in. Reads use it too: a replica may be behind, and the stream must not be."""
    return router.db_for_write(Notification)


def can_skip_locked(using: str) -> bool:
    """Whether a locking read may leave out the rows that others hold."""
    return bool(connections[using].features.has_select_for_update_skip_locked)


def is_mariadb(connection: BaseDatabaseWrapper) -> bool:
    """MySQL is of the same vendor to Django."""
    return bool(getattr(connection, "mysql_is_mariadb", False))


def sorts_before_locking(using: str) -> bool:
    """Whether a locking read takes its locks in the order of ``ORDER BY``; MySQL and MariaDB sort afterwards."""
    return connections[using].vendor != "mysql"


def can_join_by_range(using: str) -> bool:
    """Whether a join looks up ``rev > x`` in an index, for an ``x`` of the other table. MySQL and MariaDB do not."""
    return connections[using].vendor != "mysql"


def has_integer_keys() -> bool:
    """Whether every number from 1 to ``SMALLEST_RANGE`` can be a user's key."""
    return _has_integer_keys(settings.AUTH_USER_MODEL)


@lru_cache(maxsize=1)
def _has_integer_keys(user_model: str) -> bool:
    # Of no other class: whatever is derived from them may have keys that are more than their number.
    return type(get_user_model()._meta.pk) in {AutoField, BigAutoField, IntegerField, BigIntegerField}


def parse_user_key(value: Any) -> Any:
    """Return the primary key meant by a user, a key, or a key's text.

    Raises:
        UnknownRecipient: not a value this site's user keys can have.
    """
    if type(value) is int and 0 < value <= SMALLEST_RANGE and has_integer_keys():
        return value
    model = get_user_model()
    if isinstance(value, model):
        value = value.pk
    key = model._meta.pk
    try:
        parsed = key.to_python(value)
        # Integer fields check their range only here, and PostgreSQL answers an oversized one with an error.
        key.run_validators(parsed)
    except (ValidationError, TypeError, ValueError, OverflowError):
        parsed = None
    # int() also reads "1_0", " 10 " and digits of other scripts: one user would go by many names.
    if isinstance(value, str) and isinstance(parsed, int) and not _WHOLE_NUMBER.fullmatch(value):
        parsed = None
    if parsed is None or isinstance(value, bool | float):
        raise UnknownRecipient(f"{str(value)[:64]!r} is not a key of {model._meta.label}.")
    return parsed


def existing_users(keys: Iterable[Any], *, using: str) -> set[Any]:
    """The keys, of those given, that belong to a user."""
    users = get_user_model()._default_manager.using(using).filter(pk__in=list(keys))
    return set(users.values_list("pk", flat=True))
