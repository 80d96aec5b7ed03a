"""Clients that mean harm, or do it without meaning to. One server each: what they aim at lies in the server process."""

from . import flood, junk, readers, returning, shutdown, slow_query  # noqa: F401
