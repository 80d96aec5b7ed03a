"""An application that does nothing but make servers print what they print of a request."""

from __future__ import annotations

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from notifications.observability.logs import install_redaction  # noqa: E402

install_redaction()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope.get("path") == "/broken":
        raise RuntimeError(f"broken by {scope}")
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})
    elif scope["type"] == "websocket":
        await receive()
        if scope["path"] == "/accepted":
            await send({"type": "websocket.accept", "subprotocol": "notifications.v2"})
        await send({"type": "websocket.close"})
    else:
        await _lifespan(receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})
