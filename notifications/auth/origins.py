"""Which web pages may open a socket with the visitor's cookies: a browser sends them along whoever asks."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.http import is_same_domain

from ..conf import conf

DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_allowed(origin: str | None, *, host: str | None, secure: bool) -> bool:
    """Django's rule for CSRF: the site itself, ``CSRF_TRUSTED_ORIGINS``, or ``ALLOWED_ORIGINS`` of our own.

    ``host`` is the request's, already validated; ``secure`` says that it is known to be HTTPS. Without an
    ``Origin`` it is no browser, so nobody's cookies are at stake.
    """
    if origin is None:
        return True
    try:
        page = urlsplit(origin)
    except ValueError:
        return False
    whole = [*settings.CSRF_TRUSTED_ORIGINS, *(entry for entry in conf.ALLOWED_ORIGINS if "://" in entry)]
    if any(_is_origin(page, allowed) for allowed in whole):
        return True
    # A page of plain HTTP may come from anybody on the way; that is why Django compares the scheme too.
    # "null", of a sandboxed frame or a file, has none.
    if page.scheme not in DEFAULT_PORTS or (secure and page.scheme == "http"):
        return False
    hosts = [entry for entry in conf.ALLOWED_ORIGINS if "://" not in entry]
    return _is_host(page, host) or any(_is_below(page, allowed) for allowed in hosts)


def is_loopback(origin: str | None) -> bool:
    """Whether the page was served by the very machine that it is looked at on."""
    try:
        return urlsplit(origin or "").hostname in {"localhost", "127.0.0.1", "::1"}
    except ValueError:
        return False


def _is_origin(page: SplitResult, allowed: str) -> bool:
    """``https://app.example.com``, or ``https://*.example.com`` for all below."""
    scheme, _, netloc = allowed.partition("://")
    if page.scheme != scheme:
        return False
    return page.netloc == netloc or ("*" in netloc and is_same_domain(page.netloc, netloc.lstrip("*")))


def _is_host(page: SplitResult, host: str | None) -> bool:
    return host is not None and _place(page.netloc, page) == _place(host, page)


def _is_below(page: SplitResult, allowed: str) -> bool:
    """``app.example.com:8443``, or ``*.example.com`` for all below."""
    return is_same_domain(_place(page.netloc, page), _place(allowed.removeprefix("*"), page))


def _place(netloc: str, page: SplitResult) -> str:
    """A port left out is the default one of the page's scheme."""
    return netloc.lower().removesuffix(f":{DEFAULT_PORTS[page.scheme]}")
