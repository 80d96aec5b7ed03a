"""Whom a subscription may make this site send to. A browser names the address, and a person can name any."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

# One name, or, with a dot before it, every name below. Those of Chrome and what is made of it, Firefox, Edge, Safari.
HOSTS = (
    "fcm.googleapis.com",
    "android.googleapis.com",
    "jmt17.google.com",
    ".push.services.mozilla.com",
    ".notify.windows.com",
    ".push.apple.com",
)
PATH = "/[A-Za-z0-9:/?=&%._~+-]*"


def is_push_service(endpoint: str, more: Iterable[str] = ()) -> bool:
    """Whether ``endpoint`` is at a push service: its host named in full and in lower case, and nothing before it.

    Args:
        more: of the site's own: hosts as above, and origins such as ``http://127.0.0.1:9000``, for development.
    """
    return re.fullmatch(endpoint_pattern(tuple(more)), endpoint) is not None


@lru_cache(maxsize=8)
def endpoint_pattern(more: tuple[str, ...] = ()) -> str:
    """A regular expression that Python and JavaScript read alike."""
    return f"(?:{'|'.join(map(_origin, (*HOSTS, *more)))}){PATH}"


def _origin(known: str) -> str:
    exact = re.escape(known).replace(r"\-", "-")  # JavaScript knows no such escape
    if "//" in known:
        return exact
    return f"https://(?:[0-9a-z-]+\\.)+{exact[2:]}" if known.startswith(".") else f"https://{exact}"


# In what a browser calls itself, the first that is found counts: all of them also name others.
BROWSERS: Mapping[str, str] = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Vivaldi/": "Vivaldi",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS: Mapping[str, str] = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "Linux": "Linux",
}


def device_name(user_agent: str) -> str:
    """``Firefox · Linux``, of names that no language translates; empty for a stranger."""
    found = (next((name for mark, name in known.items() if mark in user_agent), "") for known in (BROWSERS, SYSTEMS))
    return " · ".join(filter(None, found))
