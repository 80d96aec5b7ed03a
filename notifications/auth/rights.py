"""Whether those who came in may still be here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model

from ..inbox.chunks import in_chunks
from ..models import ApiKey
from .identity import Identity
from .keys import is_service_hash
from .sessions import hash_stands, live_session_keys

IDENTITIES_PER_ROUND = 1_000


def ended(identities: Collection[Identity], *, using: str) -> set[Identity]:
    """Those whose right to be connected has ended; ``using`` is the database of users and keys.

    A key revoked or deleted, a user deactivated or deleted, a session gone or opened with an older password,
    a service key no longer the site's. Three queries per 1,000 identities at most; session engines without
    a table are asked once per session instead.
    """
    return {identity for chunk in in_chunks(identities, IDENTITIES_PER_ROUND) for identity in _ended(chunk, using)}


def _ended(identities: list[Identity], using: str) -> list[Identity]:
    users = _active_users(identities, using)
    keys = _valid_keys({i.api_key_id for i in identities if i.api_key_id is not None}, using)
    sessions = live_session_keys({i.session_key for i in identities if i.session_key is not None})

    def stands(identity: Identity) -> bool:
        user = users.get(identity.user_id)
        if user is None:
            return False
        if identity.via == "service":
            return is_service_hash(identity.service_hash)
        if identity.via == "key":
            return identity.api_key_id in keys
        if identity.session_key is None:  # the host's own way in, of which only the user is known
            return True
        return identity.session_key in sessions and hash_stands(user, identity.session_hash)

    return [identity for identity in identities if not stands(identity)]


def _active_users(identities: list[Identity], using: str) -> dict[Any, Any]:
    users = get_user_model()._default_manager.using(using).filter(pk__in={i.user_id for i in identities})
    return {user.pk: user for user in users if user.is_active}


def _valid_keys(key_ids: set[int], using: str) -> set[int]:
    if not key_ids:
        return set()
    keys = ApiKey.objects.using(using).filter(pk__in=key_ids, revoked_at=None)
    return set(keys.values_list("pk", flat=True))
