"""The ready-made ASGI stack: ``application = with_notifications(get_asgi_application())``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.urls import re_path

from .auth.identity import Identity, Refused
from .consumers import NotificationConsumer
from .live.farewell import announce_end_at_signals
from .live.inbound import guard
from .live.manager import get_websocket_manager

Application = Callable[[Any, Any, Any], Awaitable[None]]

# For sites that have a ProtocolTypeRouter already: put these into its URLRouter, inside ApiKeyMiddleware.
websocket_urlpatterns: list[Any] = [
    re_path(r"^ws/notifications/?$", NotificationConsumer.as_asgi()),  # type: ignore[arg-type]
]


class _OwnDoorkeeper(NotificationConsumer):
    """Finds out itself who is there. Middleware around it would keep half a kilobyte more for every open socket."""

    async def identify(self) -> Identity | Refused:
        guard(self.base_send)
        return await get_websocket_manager().identities.identify(self.scope)


PATHS = {"/ws/notifications", "/ws/notifications/"}


def with_notifications(application: Application) -> Application:
    """Wrap a site's ASGI application: the notification socket is answered here, everything else there.

    The first request or socket starts this process's part of the stream (reconciler and sweeper); a server that
    speaks the lifespan protocol starts it at once, and ends it in an orderly way.
    """

    async def with_stream(scope: Any, receive: Any, send: Any) -> None:
        get_websocket_manager().start()
        if scope["type"] == "lifespan":
            await _lifespan(application, scope, receive, send)
        elif scope["type"] == "websocket" and _is_ours(scope):
            await _OwnDoorkeeper()(scope, receive, send)
        elif scope["type"] == "websocket" and isinstance(application, ASGIHandler):
            # Django's own application knows no sockets and raises: a traceback for whoever asks for a wrong address.
            await receive()
            await send({"type": "websocket.close"})
        else:
            await application(scope, receive, send)

    return with_stream


def _is_ours(scope: Any) -> bool:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) in PATHS


async def _lifespan(application: Application, scope: Any, receive: Any, send: Any) -> None:
    """Take part in the server's start and stop, and let the wrapped application do so if it can."""
    taken = ended = False

    async def receive_and_clean_up() -> Any:
        nonlocal taken, ended
        message = await receive()
        taken = True
        if message["type"] == "lifespan.startup":
            announce_end_at_signals(get_websocket_manager())
        else:
            ended = True
            await get_websocket_manager().cleanup()
        return message

    try:
        await application(scope, receive_and_clean_up, send)
    except Exception:
        if taken:
            raise
        # Django's own application knows no lifespan and says so by raising at once: answer in its place.
        while not ended:
            message = await receive_and_clean_up()
            await send({"type": f"{message['type']}.complete"})
