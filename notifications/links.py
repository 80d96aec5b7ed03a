"""Which addresses a notification may lead to. Anything else could run as script, or leave in the clear."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_safe_link(value: str) -> bool:
    """Whether ``value`` is a path on this site or an ``https://`` address."""
    if any(character <= " " or character == "\\" for character in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    relative = value.startswith("/") and not value.startswith("//")
    return relative or (parts.scheme == "https" and bool(parts.netloc))


def safe_link(value: str) -> str:
    """``value``, or nothing where it is not safe: rows may have been written past every validator."""
    return value if is_safe_link(value) else ""
