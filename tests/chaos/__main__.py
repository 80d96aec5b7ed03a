"""``make chaos``: every fault, on every place, beside the tutorial app; one table. Fails where a row is not met."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import django

from tests.servers import ROOT
from tests.services import NO_MARIADB, find_mariadb, mariadb_required

from .spec import ROWS, Place

JOBS = 4


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("rows", nargs="*", help="names of rows; all, if none is given")
    parser.add_argument("--long", action="store_true", default=os.environ.get("LONG") == "1", help="the full counts")
    parser.add_argument("--jobs", type=int, default=JOBS, help="worlds at a time (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="worlds whose name holds this, such as daphne-core")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write them as a page of the documentation, too")
    parser.add_argument("--list", action="store_true", help="name the worlds and their rows, and end")
    return parser.parse_args()


async def run(place: Place, turn: asyncio.Semaphore, databases: Any, report: Any) -> None:
    from .world import SETTINGS_MODULE

    async with turn:
        url = await asyncio.to_thread(databases.make, place)
        place = replace(place, database_url=url)
        env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE[place.system]}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.run", place.as_json(),
            cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE, stderr=report.log(place), limit=2**20,
        )  # fmt: skip
        assert process.stdout is not None
        async for line in process.stdout:
            report.take(place, json.loads(line))
        report.ended(place, await process.wait())


async def main() -> int:
    from . import rows  # noqa: F401
    from .databases import Databases
    from .places import places
    from .report import Report
    from .table import page, table

    options = arguments()
    if unknown := set(options.rows) - ROWS.keys():
        raise SystemExit(f"No such row: {', '.join(sorted(unknown))}. There are: {', '.join(ROWS)}.")
    chosen = [place for place in places(options.rows, long=options.long) if options.only in place.name]
    if any(place.database == "mariadb" for place in chosen) and find_mariadb() is None:
        if mariadb_required():
            raise SystemExit(NO_MARIADB)
        print(f"NOT RUN ON MARIADB: {NO_MARIADB}", flush=True)
        chosen = [place for place in chosen if place.database != "mariadb"]
    if options.list or not chosen:
        print("\n".join(f"{place.name}: {', '.join(place.rows)}" for place in chosen))
        return 0
    report = Report()
    databases, turn = Databases(), asyncio.Semaphore(options.jobs)
    try:
        await asyncio.gather(*(run(place, turn, databases, report) for place in chosen if not place.quiet))
        for place in chosen:
            if place.quiet:
                await run(place, turn, databases, report)
        for place, row in report.take_back_doubtful():
            await run(replace(place, rows=(row,), database_url=""), turn, databases, report)
    finally:
        databases.close()
    print(f"\n{table(report)}")
    if options.json:
        options.json.write_text(report.as_json())
    if options.page:
        options.page.write_text(page(report, long=options.long))
    return report.failures


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    sys.exit(1 if asyncio.run(main()) else 0)
