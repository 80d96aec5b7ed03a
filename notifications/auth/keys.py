"""Keys of programs: the site's one service key, and rows that act for one user."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from django.conf import settings
from django.utils import timezone

from ..conf import conf
from ..inbox.database import write_database
from ..models import ApiKey
from .identity import Identity, Refused
from .users import named_user, named_users, require_active, require_own

DEV_KEY = "dev"

_KEY_TEXT = re.compile(r"ntf_([A-Za-z0-9_-]{8})_[A-Za-z0-9_-]{43}")
_NO_HASH = "0" * 64


def issue(user: Any, name: str) -> tuple[ApiKey, str]:
    """Make a key that acts for ``user``; ``name`` (up to 100 characters) tells later where it is used.

    The second value is the key itself, ``ntf_<prefix>_<secret>``: only its SHA-256 is kept, so show it now.
    """
    prefix = secrets.token_urlsafe(6)
    text = f"ntf_{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.using(write_database()).create(user=user, name=name, prefix=prefix, hash=hash_key(text))
    return row, text


def revoke(key: ApiKey) -> None:
    """End the key's use; its open sockets close within ``NOTIFICATIONS["RIGHTS_SECONDS"]``. Twice is once."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])


@dataclass(frozen=True, slots=True)
class Known:
    """The rows that some keys may stand for, read with a query for all of them."""

    keys: Mapping[str, ApiKey]  # by prefix
    users: Mapping[Any, Any]  # by primary key

    @classmethod
    def of(cls, shown: Iterable[tuple[str, str | None]]) -> Self:
        """Read what is needed to judge these keys, and the ``user_id`` that was named with each."""
        prefixes, named = set(), set()
        for key, user_id in shown:
            if is_service_key(key):
                named.add(user_id)
            # The shape is no secret. Whatever has another one, however long or odd, need not reach the database.
            elif shape := _KEY_TEXT.fullmatch(key):
                prefixes.add(shape[1])
        rows = ApiKey.objects.using(write_database()).select_related("user").filter(prefix__in=prefixes)
        return cls({row.prefix: row for row in rows} if prefixes else {}, named_users(named) if named else {})


def authenticate_key(key: str, user_id: str | None, known: Known | None = None) -> Identity:
    """Tell whose key this is. ``user_id`` is required with the service key; any other key knows its own.

    Args:
        known: what was read for several keys together.

    Raises:
        Refused: the key is wrong or revoked; ``user_id`` is missing, malformed, unknown or another's.
    """
    known = known or Known.of([(key, user_id)])
    if is_service_key(key):
        user = named_user(user_id, known.users)
        return Identity(user_id=user.pk, via="service", service_hash=hash_key(key))
    if key == DEV_KEY == _configured_service_key():
        raise Refused("key 'dev' works only with DEBUG")
    row = _right(key, known.keys)
    if row.revoked_at is not None:
        raise Refused("key revoked")
    require_active(row.user)
    require_own(user_id, row.user_id, owner="key")
    return Identity(user_id=row.user_id, via="key", api_key_id=row.pk)


def is_service_key(key: str) -> bool:
    return is_service_hash(hash_key(key))


def is_service_hash(key_hash: str) -> bool:
    """Hashes are compared, not the keys: their length is always the same and tells nothing."""
    configured = _configured_service_key()
    usable = configured != "" and (configured != DEV_KEY or settings.DEBUG)
    return hmac.compare_digest(hash_key(configured), key_hash) and usable


def hash_key(key: str) -> str:
    # What an environment variable or a URL holds need not be valid Unicode.
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _configured_service_key() -> str:
    key: str | None = conf.SERVICE_KEY
    return os.environ.get("DASHBOARD_API_KEY", DEV_KEY) if key is None else key


def _right(key: str, rows: Mapping[str, ApiKey]) -> ApiKey:
    shape = _KEY_TEXT.fullmatch(key)
    if not shape:
        raise Refused("wrong key")
    row = rows.get(shape[1])
    # Compared even where the prefix is unknown, or the time taken would tell which prefixes exist.
    right = hmac.compare_digest(row.hash if row else _NO_HASH, hash_key(key))
    if row is None or not right:
        raise Refused("wrong key")
    return row
