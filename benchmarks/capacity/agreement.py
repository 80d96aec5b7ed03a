"""The simulation held against what was measured on one machine: where it cannot tell that, it cannot tell more."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .constants import STORAGE, UVICORN, Constants
from .simulation import Scenario, simulate
from .stations import Clock, Latencies, Station
from .workload import DAY_SECONDS, Machines, Workload

SOCKETS = 5_000  # in one process
P99_SECONDS = 0.050
TWO_CORES = Machines(database_cores=2)


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the benchmarks, at first as documented. ``is_free``: no constant was taken from it."""

    work: str
    system: str
    unit: str
    lowest: float
    highest: float
    simulated: Callable[[Constants], float]
    is_free: bool

    def off(self, constants: Constants) -> float:
        """By what share the simulation lies outside of what was measured; 0 within."""
        value = self.simulated(constants)
        return max(value / self.highest - 1, 0.0) - max(1 - value / self.lowest, 0.0)


def fan_out_p99(each_us: float) -> float:
    """Milliseconds until 99 of 100 sockets of one process have what was sent to all at once."""
    clock, latencies = Clock(), Latencies()
    process = Station(clock)
    for _ in range(SOCKETS):
        process.work(each_us / 1e6, lambda: latencies.add(clock.now))
    clock.run()
    return latencies.percentile(0.99) * 1e3


def unicast(constants: Constants, rate: float, *, seconds: float = 1.0) -> Latencies:
    """Of single hints that come at random to one process, so many a second."""
    clock, latencies, dice = Clock(), Latencies(), random.Random(1)
    idle = SOCKETS * constants.idle_us_per_socket_and_second / 1e6
    process = Station(clock, slowed=1 / (1 - idle))

    def arrive(at: float) -> None:
        process.work(constants.single_delivery_us / 1e6, lambda: latencies.add(clock.now - at))

    at = 0.0
    while (at := at + dice.expovariate(rate)) < seconds:
        clock.at(at, partial(arrive, at))
    clock.run()
    return latencies


def best_unicast(constants: Constants) -> float:
    """The highest rate, to 1,000/s, with a p99 below 50 ms, and below what the process can do for ever."""
    idle = SOCKETS * constants.idle_us_per_socket_and_second / 1e6
    high = (1 - idle) * 1e6 / constants.single_delivery_us
    low = high / 2
    while high - low > 1_000:
        middle = (low + high) / 2
        if unicast(constants, middle).percentile(0.99) < P99_SECONDS:
            low = middle
        else:
            high = middle
    return low


def announced_after(constants: Constants, people: int) -> float:
    """Seconds until so many have their row, with nothing else to do."""
    workload = Workload(users=people, per_person_and_day=0.001)
    scenario = Scenario(seconds=1.0, announcement_at=0.0, crash_at=None)
    return simulate(constants, workload, TWO_CORES, scenario).announced_after


def single_p99_meanwhile(constants: Constants) -> float:
    """Milliseconds of single sends to the same 100,000 people: 200 a second, less what the socket's side takes."""
    users = 100_000
    workload = Workload(
        users=users, per_person_and_day=200 * DAY_SECONDS / users, peak_factor=1, bulk_share=0, marked_read_share=0
    )
    outcome = simulate(constants, workload, TWO_CORES, Scenario(seconds=3, announcement_at=0.5, crash_at=None))
    return outcome.single["while everybody is told"].percentile(0.99) * 1e3


UNICAST, MANY = "unicast, p99 < 50 ms", "send to {:,} people, PostgreSQL"
MEANWHILE = "single send during sends to 100,000, PostgreSQL, p99"

KNOWN = (
    Known("bulk fan-out to 5,000, p99", UVICORN, "ms", 200, 333, lambda c: fan_out_p99(c.bulk_delivery_us), False),
    Known("single hints to 5,000, p99", UVICORN, "ms", 117, 185, lambda c: fan_out_p99(c.single_delivery_us), False),
    Known(UNICAST, UVICORN, "/s", 25_000, 40_000, best_unicast, True),
    Known(MANY.format(10_000), STORAGE, "s", 0.32, 0.44, lambda c: announced_after(c, 10_000), True),
    Known(MANY.format(100_000), STORAGE, "s", 2.5, 4.8, lambda c: announced_after(c, 100_000), False),
    Known(MEANWHILE, STORAGE, "ms", 11.9, 133, single_p99_meanwhile, True),
)


def known_from(results: Iterable[Mapping[str, Any]]) -> tuple[Known, ...]:
    """The same rows as ``make bench`` has measured them, since constants are taken from there, too."""
    values = {(figure["work"], figure["system"]): figure["values"] for figure in results}
    found = []
    for known in KNOWN:
        if measured := values.get((known.work, known.system)):
            known = replace(known, lowest=min(measured), highest=max(measured))
        found.append(known)
    return tuple(found)
