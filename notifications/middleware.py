"""ASGI: who opens this socket is decided here, once, for everything inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .auth.handshake import Scope
from .live.inbound import guard
from .live.manager import get_websocket_manager

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[Any]]


class ApiKeyMiddleware:
    """Sets ``scope["notifications"]`` of every WebSocket to an ``Identity`` or to a ``Refused``.

    A key counts first: header ``X-API-Key`` or ``Authorization: Api-Key …``, subprotocol
    ``key.<base64url>``, or ``?api_key=`` where ``NOTIFICATIONS["KEY_IN_QUERY_STRING"]`` allows it. Without
    one, a ``scope["user"]`` that middleware outside authenticated, then the session cookie.

    It refuses nobody itself: a socket must be accepted before it can be told why it is closed.
    """

    def __init__(self, inner: Application) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        if scope["type"] == "websocket":
            guard(send)
            scope = {**scope, "notifications": await get_websocket_manager().identities.identify(scope)}
        return await self.inner(scope, receive, send)
