"""Only what concerns the database: ``python -m benchmarks.storage [--quick] [--runs 5]``."""

from __future__ import annotations

import argparse

from benchmarks.figures import Results
from benchmarks.services import services

from .suite import Storage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storage", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the people and rows")
    parser.add_argument("--runs", type=int, default=5, help="the median of so many runs (default 5)")
    arguments = parser.parse_args()
    results = Results()
    with services() as (postgres, redis), Storage(postgres, redis, quick=arguments.quick) as storage:
        for _ in range(arguments.runs):
            storage.run(results)
    for figure in results:
        print(f"{figure.work:<78} {figure.system:<30} {figure.median:>10.3f} {figure.unit}")
    for reason in storage.left_out:
        print(f"left out: {reason}")


if __name__ == "__main__":
    main()
