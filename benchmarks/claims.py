"""What the product must reach, and what it aims at: the floors of ``make bench``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.runs import Runs, Source

DATABASES = ("PostgreSQL", "SQLite")
COMMUNITY = "django-notifications-community"


@dataclass(frozen=True)
class Claim:
    """A figure with the floor that it must keep and the aim behind it; without a floor it is only shown.

    ``here`` and ``beside`` are what a ratio is made of, or whose figure stands beside this one.
    """

    name: str
    value: Callable[[Runs], float | None]
    unit: str
    floor: float | None = None
    aim: float | None = None
    at_least: bool = False  # the more, the better
    here: Source | None = None
    beside: Source | None = None

    def holds(self, runs: Runs) -> bool | None:
        """None: there is no floor, or nothing that could be held against it."""
        return self._keeps(runs, self.floor)

    def reaches_aim(self, runs: Runs) -> bool | None:
        return self._keeps(runs, self.aim)

    def _keeps(self, runs: Runs, bound: float | None) -> bool | None:
        value = self.value(runs)
        if value is None or bound is None:
            return None
        return value >= bound if self.at_least else value <= bound

    def as_json(self, runs: Runs) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": self.value(runs),
            "unit": self.unit,
            "floor": self.floor,
            "aim": self.aim,
            "at_least": self.at_least,
            "holds": self.holds(runs),
            "reaches_aim": self.reaches_aim(runs),
        }


Bound = tuple[float | None, float | None]  # floor and aim


def _cheaper(name: str, here: Source, beside: Source, bound: Bound) -> Claim:
    """How many times the other's cost is this one's."""
    return Claim(name, lambda runs: runs.ratio(beside, here), "×", *bound, at_least=True, here=here, beside=beside)


def _times(name: str, here: Source, beside: Source, bound: Bound, *, at_least: bool = True) -> Claim:
    """How many times the other's figure this one is."""
    return Claim(name, lambda runs: runs.ratio(here, beside), "×", *bound, at_least=at_least, here=here, beside=beside)


def _rate(name: str, here: Source, beside: Source, bound: Bound) -> Claim:
    return Claim(name, lambda runs: runs.median(here), "/s", *bound, at_least=True, beside=beside)


def _worst(name: str, sources: Sequence[Source], unit: str, bound: Bound, beside: Source | None = None) -> Claim:
    """The highest of these figures; none while one of them has not been measured."""

    def value(runs: Runs) -> float | None:
        medians = [median for source in sources if (median := runs.median(source)) is not None]
        return max(medians) if len(medians) == len(sources) else None

    return Claim(name, value, unit, *bound, beside=beside)


def claims(*, sockets: int, people: tuple[int, int], rows: int) -> list[Claim]:
    """All, for these sizes. Floors are stated for 5,000 sockets, 10,000 and 100,000 people and 1,000,000 rows."""
    beside_each_other = zip(*(_on(server, sockets) for server in BOUNDS), strict=True)
    return [*(claim for claims in beside_each_other for claim in claims), *_sends(people), *_reads(rows)]


@dataclass(frozen=True)
class Bounds:
    """Floor and aim of what is measured at a server."""

    bulk: Bound
    hints: Bound
    pause: Bound
    unicast: Bound = (None, None)
    memory: Bound = (None, None)
    handshakes: Bound = (None, None)
    tuned_handshakes: Bound = (None, None)
    call_to_socket: Bound = (None, None)


# Floors are stated for uvicorn; daphne has them for fan-outs and pauses.
BOUNDS = {
    "uvicorn": Bounds(
        bulk=(18, 24),
        hints=(10, 20),
        pause=(20, 6),
        unicast=(25_000, 40_000),
        memory=(0.82, 0.62),
        handshakes=(1.2, 1.4),
        tuned_handshakes=(1.6, 2),
        call_to_socket=(5, 2),
    ),
    "daphne": Bounds(bulk=(8, 11), hints=(6, 8), pause=(30, 15)),
}


def _on(server: str, sockets: int) -> list[Claim]:
    """In the same order for each server."""
    bounds, product, tutorial = BOUNDS[server], f"product, {server}", f"tutorial, {server}"
    bulk, hints = f"bulk fan-out to {sockets:,}", f"single hints to {sockets:,}"
    unicast, memory, call = "unicast, p99 < 50 ms", "idle memory of a socket", "single send, call to socket, p50"
    opened, tuned = "handshakes", "handshakes, collector tuned"
    pause = "longest pause, bulk fan-out"
    pauses = [(pause, product), ("longest pause, single hints", product)]
    named = f"{{}}, {server}".format
    return [
        _cheaper(named(bulk), (bulk, product), (bulk, tutorial), bounds.bulk),
        # The tutorial app knows single messages only: its fan-out is what hints are held against.
        _cheaper(named(hints), (hints, product), (bulk, tutorial), bounds.hints),
        _worst(named("longest pause, fan-out"), pauses, "ms", bounds.pause, (pause, tutorial)),
        _rate(named(unicast), (unicast, product), (unicast, tutorial), bounds.unicast),
        _times(named(memory), (memory, product), (memory, tutorial), bounds.memory, at_least=False),
        _times(named(opened), (opened, product), (opened, tutorial), bounds.handshakes),
        _times(named("handshakes, tuned"), (tuned, product), (opened, tutorial), bounds.tuned_handshakes),
        _worst(named("call to socket, p50"), [(call, product)], "ms", bounds.call_to_socket, (call, tutorial)),
    ]


def _sends(people: tuple[int, int]) -> list[Claim]:
    found = []
    for count, bound in zip(people, [(0.4, 0.15), (3, 1.5)], strict=True):
        works = [f"send to {count:,} people, PostgreSQL" + end for end in ("", ", inside a transaction")]
        beside = (works[0], COMMUNITY)
        name = f"send to {count:,} people, PostgreSQL"
        found.append(_worst(name, [(work, "product") for work in works], "s", bound, beside))
    on_channels = f"send to {people[-1]:,} people on two delivery channels, PostgreSQL"
    found.append(_worst(f"send to {people[-1]:,}, two channels", [(on_channels, "product")], "s", (15, 6)))
    more = f"{on_channels}, memory beyond that for {people[0]:,}"
    found.append(_worst(f"… memory beyond that for {people[0]:,}", [(more, "product")], "MB", (20, 10)))
    meanwhile = (f"single send during sends to {people[-1]:,}, PostgreSQL, p99", "product")
    found.append(_worst("single sends meanwhile, p99", [meanwhile], "ms", (20, 5)))
    # The caller's own BEGIN and COMMIT are not the product's.
    for where, own, bound in (("outside", "", (4, 1)), ("inside", ", without its BEGIN and COMMIT", (6, 3))):
        works = [f"single send {to}, {where} a transaction{own}" for to in ("to a user", "to a key")]
        name = f"round trips, {where} a transaction"
        found.append(_worst(name, [(work, "product") for work in works], "round trips", bound))
    return found


def _reads(rows: int) -> list[Claim]:
    found = []
    for name, work, kind in (
        ("list page", "list page", "rows"),
        ("count", "list page", "total"),
        ("changes", "10 changes", "query"),
    ):
        works = [f"{work} at {rows:,} rows, {database}, {kind}, p50" for database in DATABASES]
        found.append(_worst(f"{name} at {rows:,} rows", [(work, "product") for work in works], "ms", (2, 0.6)))
    return found
