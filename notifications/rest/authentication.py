"""Keys in headers, judged as they are at a socket's handshake. Other ways to log in are the site's own."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ..auth.identity import Identity, Refused
from ..auth.keys import authenticate_key, is_service_key
from ..inbox.database import write_database
from .parameters import invalid


class ServiceKey:
    """``request.auth`` when the service key came without a ``user_id``: it may send, and acts for nobody."""


class KeyRefused(AuthenticationFailed):
    """The client learns no more than at a socket; ``reason`` is for the log."""

    def __init__(self, refused: Refused) -> None:
        self.reason = refused.reason
        super().__init__(refused.message)


class ApiKeyAuthentication(BaseAuthentication):
    """``X-API-Key: …`` or ``Authorization: Api-Key …``, never the query string.

    A key that is there must be right: a session does not make up for a wrong one.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        keys = _presented(request)
        if not keys:
            return None
        if len(keys) > 1:
            raise KeyRefused(Refused("more than one key"))
        user_id = request.query_params.get("user_id") or None
        service = is_service_key(keys[0])
        if service and user_id is None:
            return AnonymousUser(), ServiceKey()
        try:
            identity = authenticate_key(keys[0], user_id)
        except Refused as refused:
            if service:  # the key is right, and whoever holds it may know who exists
                raise invalid("user_id", "There is no active user with this key.") from None
            raise KeyRefused(refused) from None
        # Loaded only where somebody looks: a permission, or a throttle of the site's.
        return SimpleLazyObject(lambda: _load(identity.user_id)), identity

    def authenticate_header(self, request: Request) -> str:
        return 'Api-Key realm="notifications"'


def acting_user(request: Request) -> Any:
    """The primary key of the user whose request this is, or ``None``."""
    if isinstance(request.auth, Identity):
        return request.auth.user_id
    user: Any = request.user  # None, where the site has set UNAUTHENTICATED_USER so
    return user.pk if user is not None and user.is_authenticated else None


def authenticated_by_key(request: Request) -> bool:
    return isinstance(request.auth, ServiceKey | Identity)


def authenticated_by_service_key(request: Request) -> bool:
    auth = request.auth
    return isinstance(auth, ServiceKey) or (isinstance(auth, Identity) and auth.via == "service")


def _presented(request: Request) -> list[str]:
    """Every key in the headers. An empty one is a key too, and a wrong one."""
    keys = []
    if (key := request.headers.get("X-API-Key")) is not None:
        keys.append(key.strip())
    scheme, _, credentials = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() == "api-key":
        keys.append(credentials.strip())
    return keys


def _load(user_id: Any) -> Any:
    users = get_user_model()._default_manager.using(write_database())
    return users.filter(pk=user_id).first() or AnonymousUser()
