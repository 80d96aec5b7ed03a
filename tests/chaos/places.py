"""Which rows run where: the worlds of one run."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from .spec import ROWS, Place, Row

SERVERS = ("uvicorn", "daphne")
LAYERS = ("pubsub", "core")
OTHER_DATABASES = ("sqlite", "mariadb")


def places(names: Collection[str], *, long: bool) -> list[Place]:
    """The product on PostgreSQL under both servers and layers, on the other databases under one; and the tutorial."""
    rows = [row for row in ROWS.values() if not names or row.name in names]
    grid: list[dict[str, Any]] = [
        {"system": "product", "server": server, "layer": layer} for server, layer in itertools.product(SERVERS, LAYERS)
    ]
    grid += [
        {"system": "product", "server": "uvicorn", "layer": "pubsub", "database": database}
        for database in OTHER_DATABASES
    ]
    grid += [
        {"system": "tutorial", "server": server, "layer": layer}
        for server, layer in itertools.product(SERVERS, (*LAYERS, "core-by-default"))
    ]
    worlds: dict[str, Place] = {}
    for where, one in itertools.product(grid, rows):
        if _belongs(one, **where) and (long or _in_short(one, **where)):
            quiet = one.quiet and where["system"] == "product"
            place = Place(**where, settings=one.settings, own_postgres=one.own_postgres, quiet=quiet, long=long)
            key = place.as_json() + one.name * one.alone
            before = worlds.get(key, place)
            worlds[key] = replace(place, rows=(*before.rows, one.name))
    # The longest first, so that no long one is left over at the end.
    return sorted(worlds.values(), key=lambda place: -sum(ROWS[name].seconds for name in place.rows))


def _belongs(row: Row, *, system: str, server: str, layer: str, database: str = "postgresql") -> bool:
    if database not in row.databases:
        return False
    if system == "tutorial":
        return row.tutorial and layer == row.tutorial_layer
    return layer in row.layers


def _in_short(row: Row, *, system: str, server: str, layer: str, database: str = "postgresql") -> bool:
    """Each server and each layer, but not each with each; and on the other databases what concerns the database."""
    if system == "tutorial":
        return True
    if database != "postgresql":
        return not row.every_layer
    return row.every_layer or len(row.layers) == 1 or (server, layer) in {("uvicorn", "pubsub"), ("daphne", "core")}
