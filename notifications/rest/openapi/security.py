"""The three ways to say who asks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http.request import HttpHeaders

REQUIRED: list[dict[str, list[str]]] = [{"key": []}, {"keyInAuthorization": []}, {"session": []}]
# Django's CSRF check is for requests that change something and come with a cookie.
REQUIRED_TO_CHANGE: list[dict[str, list[str]]] = [*REQUIRED[:2], {"session": [], "csrf": []}]


def schemes() -> dict[str, Any]:
    csrf_header = HttpHeaders.parse_header_name(settings.CSRF_HEADER_NAME) or settings.CSRF_HEADER_NAME
    return {
        "key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "A user's key from the admin (`ntf_…`), or the site's service key.",
        },
        "keyInAuthorization": {
            "type": "http",
            "scheme": "Api-Key",
            "description": "The same keys as `Authorization: Api-Key …`.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The site's own session, as its pages have it.",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": csrf_header,
            "description": f"Beside a session: the value of the cookie `{settings.CSRF_COOKIE_NAME}`.",
        },
    }
