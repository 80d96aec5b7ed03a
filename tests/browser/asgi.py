"""The site as a strict host would serve it: the same policy on every page, the admin's too.

``TEST_POLICY`` is the policy's text; empty, the site's own stands.
"""

from __future__ import annotations

import os
from typing import Any

from project.asgi import application as site

STRICT = "default-src 'self'; script-src 'self'; style-src 'self'"
POLICY = os.environ.get("TEST_POLICY", STRICT).encode()
NAME = b"content-security-policy"


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    async def send_with_policy(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            others = [header for header in message.get("headers", []) if header[0].lower() != NAME]
            message = {**message, "headers": [*others, (NAME, POLICY)]}
        await send(message)

    await site(scope, receive, send_with_policy if POLICY and scope["type"] == "http" else send)
