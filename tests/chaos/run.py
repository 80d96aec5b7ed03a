"""One world with its rows: ``python -m tests.chaos.run '<place as JSON>'`` prints a line of JSON for each row."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, replace

import django

from .spec import Place


async def main(place: Place) -> None:
    from . import rows  # noqa: F401
    from .spec import ROWS, Result
    from .world import World

    world = World(place)
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
    # The Redis layer reports the death of its server by a traceback of its own.
    lines = [line for line in world.site.read_log().splitlines() if '"name": "channels_redis' not in line]
    log = "\n".join(lines)
    first = log.find("Traceback")
    excerpt = log[max(0, first - 300) : first + 3_000] if first >= 0 else ""
    print(json.dumps({"tracebacks": log.count("Traceback"), "excerpt": excerpt}), flush=True)


if __name__ == "__main__":
    here = Place.from_json(sys.argv[1])
    django.setup()
    asyncio.run(main(here))
