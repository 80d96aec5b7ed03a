"""From a WebSocket's handshake to who is there: where credentials may stand, and which of them counts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, ParamSpec

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import BadRequest, DisallowedHost, SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest

from ..conf import conf
from .identity import ORIGIN_NOT_ALLOWED, Identity, Refused
from .keys import DEV_KEY, Known, authenticate_key
from .origins import is_loopback, origin_allowed
from .sessions import authenticate_session, authenticate_user

Scope = dict[str, Any]
P = ParamSpec("P")

KEY_SUBPROTOCOL = "key."


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client shows who opens a socket. ``key`` is ``None`` where it shows none."""

    scope: Scope
    request: ASGIRequest
    user_id: str | None
    key: str | None


def read(scope: Scope) -> Handshake | Refused:
    """Tell what a client shows, without asking the database."""
    try:
        request = _request(scope)
        user_id = _only(request.GET.getlist("user_id"), too_many="user_id malformed")
        key = _only(_keys(scope, request), too_many="more than one key")
        if key == DEV_KEY and not is_loopback(request.META.get("HTTP_ORIGIN")):
            # Everybody knows this key, so any page that a developer visits could use it.
            _require_origin(request)
    except Refused as refused:
        return _untraced(refused)
    return Handshake(scope, request, user_id, key)


def authenticate_keys(handshakes: Sequence[Handshake]) -> list[Identity | Refused]:
    """Tell who opens these sockets, or why nobody may, of clients that all show a key. Uses the database."""
    shown = [(handshake.key or "", handshake.user_id) for handshake in handshakes]
    known = Known.of(shown)
    return [_or_refused(authenticate_key, key, user_id, known) for key, user_id in shown]


def authenticate_person(handshake: Handshake) -> Identity | Refused:
    """Tell who opens this socket, or why nobody may, of a client that shows no key. Uses the database."""
    return _or_refused(_authenticate_person, handshake)


def authenticate(scope: Scope) -> Identity | Refused:
    """One after the other, for a single socket. Uses the database, so call it in a thread."""
    handshake = read(scope)
    if isinstance(handshake, Refused):
        return handshake
    # No falling back to the session: whoever shows a key means that key.
    return authenticate_person(handshake) if handshake.key is None else authenticate_keys([handshake])[0]


def _authenticate_person(handshake: Handshake) -> Identity:
    scope, request, user_id = handshake.scope, handshake.request, handshake.user_id
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        _require_origin(request)
        return authenticate_user(user, user_id, session_key=_session_of(scope, user))
    if session_key := request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        _require_origin(request)
        return authenticate_session(session_key, user_id)
    raise Refused("no credentials")


def _or_refused(authenticated: Callable[P, Identity], *args: P.args, **kwargs: P.kwargs) -> Identity | Refused:
    try:
        return authenticated(*args, **kwargs)
    except Refused as refused:
        return _untraced(refused)


def _untraced(refused: Refused) -> Refused:
    """A new one: the raised one's traceback would keep the key in memory as long as the socket is open."""
    return Refused(refused.reason, code=refused.code)


def _request(scope: Scope) -> ASGIRequest:
    """The handshake as Django's own request, which knows cookies, proxies' headers and valid hosts."""
    scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "ws"), "http")
    try:
        request = ASGIRequest({**scope, "method": "GET", "scheme": scheme}, BytesIO())
        request.GET  # noqa: B018  parsed when first read
    # A Content-Type may name a charset that there is not, or that is none for text, or that no charset can be called.
    except (ValueError, LookupError, BadRequest, SuspiciousOperation):
        raise Refused("query string malformed") from None
    return request


def _keys(scope: Scope, request: ASGIRequest) -> list[str]:
    """All keys that are presented, wherever they stand. An empty one is a key too, and a wrong one."""
    keys = []
    if "HTTP_X_API_KEY" in request.META:
        keys.append(request.META["HTTP_X_API_KEY"].strip())
    scheme, _, credentials = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    if scheme.lower() == "api-key":
        keys.append(credentials.strip())
    keys += [_decode(name) for name in scope.get("subprotocols", ()) if name.startswith(KEY_SUBPROTOCOL)]
    if in_query := request.GET.getlist("api_key"):
        allowed = conf.KEY_IN_QUERY_STRING
        if not (settings.DEBUG if allowed is None else allowed):
            raise Refused("key in query string not allowed by KEY_IN_QUERY_STRING")
        keys += in_query
    return keys


def _decode(subprotocol: str) -> str:
    encoded = subprotocol.removeprefix(KEY_SUBPROTOCOL).rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise Refused("key subprotocol malformed") from None


def _only(values: list[str], *, too_many: str) -> str | None:
    if len(values) > 1:
        raise Refused(too_many)
    return values[0] if values else None


def _session_of(scope: Scope, user: Any) -> str | None:
    """The key of the session that the host's middleware read the user from, if it was one."""
    session = scope.get("session")
    if session is None or session.get(SESSION_KEY) != str(user.pk):
        return None
    key: str | None = session.session_key
    return key


def _require_origin(request: ASGIRequest) -> None:
    try:
        host = request.get_host()
    except DisallowedHost:
        host = None
    if not origin_allowed(request.META.get("HTTP_ORIGIN"), host=host, secure=request.is_secure()):
        raise Refused("origin not allowed", code=ORIGIN_NOT_ALLOWED)
