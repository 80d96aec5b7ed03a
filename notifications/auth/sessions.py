"""People: the session cookie, and users that the host's own middleware authenticated."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.exceptions import ValidationError
from django.db import router
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from ..inbox.database import parse_user_key
from .identity import Identity, Refused
from .users import require_active, require_own


def authenticate_session(session_key: str, user_id: str | None) -> Identity:
    """Tell who is signed in: the rules of ``django.contrib.auth.get_user()``, but the session is only read.

    That function flushes a session that does not verify, and cycles the key of one signed with an old
    SECRET_KEY; here there is no response that could carry the new cookie.

    Raises:
        Refused: the session has ended, nobody is signed in, or ``user_id`` names another user.
    """
    session = _load(session_key)
    if SESSION_KEY not in session:
        raise Refused("nobody signed in" if session else "session ended")
    user = _user_of(session)
    session_hash = session.get(HASH_SESSION_KEY, "")
    if not hash_stands(user, session_hash):
        raise Refused("session ended")
    require_active(user)
    require_own(user_id, user.pk, owner="session")
    return Identity(user_id=user.pk, via="session", session_key=session_key, session_hash=session_hash)


def authenticate_user(user: Any, user_id: str | None, *, session_key: str | None = None) -> Identity:
    """Accept a user that the host's own middleware authenticated; with ``session_key``, by that session.

    Raises:
        Refused: anonymous, inactive, or ``user_id`` names another user.
    """
    if not user.is_authenticated:
        raise Refused("no credentials")
    require_active(user)
    own = parse_user_key(user.pk)
    require_own(user_id, own, owner="session")
    verifies = session_key is not None and hasattr(user, "get_session_auth_hash")
    session_hash = user.get_session_auth_hash() if verifies else ""
    return Identity(user_id=own, via="host", session_key=session_key, session_hash=session_hash)


def hash_stands(user: Any, session_hash: str) -> bool:
    """Whether the session was opened with today's password; SECRET_KEY_FALLBACKS count too."""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    if constant_time_compare(session_hash, user.get_session_auth_hash()):
        return True
    return any(constant_time_compare(session_hash, old) for old in user.get_session_auth_fallback_hash())


def live_session_keys(keys: Collection[str]) -> set[str]:
    """Those that still exist: one query where sessions are rows, one look-up each where they are not."""
    store = _store_class()
    if not keys or store is None:
        return set()
    if issubclass(store, DatabaseStore):
        model = store.get_model_class()
        # A replica may be behind, and would end a session that has just begun.
        rows = model._default_manager.using(router.db_for_write(model))
        live = rows.filter(session_key__in=keys, expire_date__gt=timezone.now())
        return set(live.values_list("session_key", flat=True))
    return {key for key in keys if SESSION_KEY in store(key).load()}


def _store_class() -> type[SessionBase] | None:
    """The site's session engine; ``None`` where its table is missing because the app is not installed."""
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    if issubclass(store, DatabaseStore):
        try:
            store.get_model_class()
        except RuntimeError:  # what Django says of a model outside INSTALLED_APPS
            return None
    return store


def _load(session_key: str) -> dict[str, Any]:
    store = _store_class()
    if store is None:
        raise Refused("the site has no sessions")
    # No engine makes such a key, and PostgreSQL would answer a NUL with an error.
    if not (session_key.isascii() and session_key.isprintable()):
        raise Refused("session ended")
    return dict(store(session_key).load())


def _user_of(session: dict[str, Any]) -> Any:
    backend = session.get(BACKEND_SESSION_KEY)
    if not isinstance(backend, str) or backend not in settings.AUTHENTICATION_BACKENDS:
        raise Refused("session ended")
    try:
        key = get_user_model()._meta.pk.to_python(session[SESSION_KEY])
    except ValidationError:  # from before the site changed its user model
        raise Refused("session ended") from None
    user = load_backend(backend).get_user(key)
    if user is None:  # the backend does not say which
        raise Refused("user inactive or deleted")
    return user
