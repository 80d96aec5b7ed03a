"""Whole addresses of this site's pages, for messages that leave it."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse

from ..conf import conf


def absolute(link: str) -> str:
    """``link`` as it works outside of the site; nothing if the site has not said where it is (``SITE_URL``)."""
    if not link.startswith("/"):
        return link
    site = str(conf.SITE_URL).rstrip("/")
    return f"{site}{link}" if site else ""


def page(name: str, *args: Any) -> str:
    """The whole address of a page of the app; nothing if the site has left its pages out."""
    try:
        return absolute(reverse(f"notifications:{name}", args=args))
    except NoReverseMatch:
        return ""
