"""One world with its rows: ``python -m tests.chaos.run '<place as JSON>'`` prints a line of JSON for each row."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import django

from tests.services import Postgres, find_postgres

from .databases import migrate
from .spec import Place

OURS = "/notifications/live/"  # in a traceback: it went through code of this project


@contextmanager
def own_postgres(place: Place) -> Iterator[tuple[Place, Postgres | None]]:
    """Where the rows kill it: one that keeps what it has said it keeps."""
    if not place.own_postgres:
        yield place, None
        return
    postgres = find_postgres()
    assert isinstance(postgres, Postgres), "this row needs a PostgreSQL that it may kill: unset TEST_DATABASE_URL"
    postgres.SETTINGS = ("listen_addresses=", "max_connections=100")
    with postgres:
        os.environ["DATABASE_URL"] = migrate(place, postgres.url)
        yield replace(place, database_url=postgres.url), postgres


async def main(place: Place, postgres: Postgres | None) -> None:
    from . import rows  # noqa: F401
    from .spec import ROWS, Result
    from .world import World

    world = World(place, postgres)
    async with world:
        for name in place.rows:
            row = ROWS[name]
            limit = row.long_seconds if place.long else row.seconds
            started = time.monotonic()
            try:
                async with asyncio.timeout(limit):
                    result = await row.run(world)
            except Exception as error:
                result = Result(work="", seen=f"{type(error).__name__}: {error}"[:300], met=False, crashed=True)
            result = replace(result, row=name, seconds=time.monotonic() - started)
            print(json.dumps(asdict(result)), flush=True)
            await world.repair()
    # The Redis layer reports the death of its server by tracebacks of its own, from tasks that it alone knows of.
    lines = [line for line in world.site.read_log().splitlines() if "channels_redis" not in line or OURS in line]
    log = "\n".join(lines)
    first = log.find("Traceback")
    excerpt = log[max(0, first - 300) : first + 3_000] if first >= 0 else ""
    print(json.dumps({"tracebacks": log.count("Traceback"), "excerpt": excerpt}), flush=True)


if __name__ == "__main__":
    here = Place.from_json(sys.argv[1])
    with own_postgres(here) as (here, postgres):
        django.setup()
        asyncio.run(main(here, postgres))
