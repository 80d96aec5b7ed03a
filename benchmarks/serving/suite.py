"""Every system in turn, each in worlds of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.figures import Results
from benchmarks.services import database
from tests.processes import scratch_folder

from .limits import measure_limits
from .native.build import build
from .server import Kind
from .world import SETTINGS_MODULE, Place, System, World

SERVERS: tuple[Kind, ...] = ("uvicorn", "daphne")
P99_MS = 50.0
TRIES = 2
# Rows are numbered before their hints leave: the reconciler would repair that, and the sweeper help the sender.
KEPT_APART = {"RECONCILE_SECONDS": 3_600.0, "SWEEP_SECONDS": 3_600.0}
TUNED = {"TUNE_GARBAGE_COLLECTOR": True}


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    steps: tuple[int, ...] = (1_000, 2_000, 5_000)  # sockets; the last number is what floors are stated at
    rounds: int = 3  # of each fan-out
    single_sends: int = 200
    rate_seconds: float = 1.5
    rates: tuple[int, ...] = (1_000, 1_500, 2_000, 3_000, 10_000, 15_000, 20_000, 25_000, 32_000, 40_000, 50_000)

    @property
    def most(self) -> int:
        return self.steps[-1]


QUICK = Sizes(steps=(500, 1_000), rounds=1, single_sends=50, rate_seconds=0.7, rates=(2_000, 10_000, 25_000))
FIRST_RATE = {"product": 25_000, "tutorial": 2_000}


class Serving:
    """Databases and programs that all runs use."""

    def __init__(self, postgres: str, redis: str, sizes: Sizes, servers: Iterable[Kind] = SERVERS) -> None:
        self.postgres, self.redis, self.sizes, self.servers = postgres, redis, sizes, tuple(servers)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.folder = scratch_folder()
        self.native: Path = build(self.folder)
        self.databases = {
            system: database(self.postgres, f"serving_{system}", module) for system, module in SETTINGS_MODULE.items()
        }
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def steps(self) -> list[tuple[str, Callable[[Results], None]]]:
        """What one run consists of, by name, the systems to be compared right after one another."""
        steps: list[tuple[str, Callable[[Results], None]]] = []
        for server in self.servers:
            steps += [
                (f"tutorial, {server}, opening", self._in("tutorial", server, {}, self._opening)),
                (f"product, {server}, opening", self._in("product", server, {}, self._opening)),
                (f"product, {server}, opening, collector tuned", self._in("product", server, TUNED, self._opening)),
                (f"tutorial, {server}", self._in("tutorial", server, {}, self._messages)),
                (f"product, {server}", self._in("product", server, {}, self._messages)),
                (f"product, {server}, single hints", self._in("product", server, KEPT_APART, self._hints)),
            ]
        return [*steps, ("limits", self._limits)]

    def _in(
        self, system: System, server: Kind, settings: dict[str, Any], do: Callable[[Results, Place], None]
    ) -> Callable[[Results], None]:
        return lambda results: do(results, self._place(system, server, settings))

    def _limits(self, results: Results) -> None:
        measure_limits(results, self.native, self.sizes.steps, self.sizes.rounds)

    def _place(self, system: System, server: Kind, settings: dict[str, Any]) -> Place:
        return Place(
            system=system,
            server=server,
            database_url=self.databases[system],
            redis_url=self.redis,
            load=self.native / "load",
            folder=self.folder,
            people=self.sizes.most,
            settings=settings,
        )

    def _opening(self, results: Results, place: Place) -> None:
        name, tuned = f"{place.system}, {place.server}", place.settings == TUNED
        with World(place) as world:
            before = world.server.resident_bytes()
            seconds = world.connect(self.sizes.most)["seconds"]
            memory = (world.server.resident_bytes() - before) / self.sizes.most / 1024
        results.add("handshakes, collector tuned" if tuned else "handshakes", name, self.sizes.most / seconds, "/s")
        if not tuned:
            results.add("idle memory of a socket", name, memory, "KiB")

    def _messages(self, results: Results, place: Place) -> None:
        """As a site has it: reconciler, sweeper and all."""
        name = f"{place.system}, {place.server}"
        with World(place) as world:
            for count in self.sizes.steps:
                world.connect(count)
                for _ in range(self.sizes.rounds):
                    self._fan_out(results, world, "bulk fan-out", "to_all")
            results.add("longest pause, bulk fan-out", name, world.longest_pause("to_all"), "ms")
            latency = world.latencies(self.sizes.single_sends)
            results.add("single send, call to socket, p50", name, latency["p50_ms"], "ms")
            results.add("single send, call to socket, p99", name, latency["p99_ms"], "ms")
            if place.system == "tutorial":
                self._unicast(results, world)

    def _fan_out(self, results: Results, world: World, work: str, order: str) -> None:
        name = f"{world.place.system}, {world.place.server}"
        done = world.fan_out(order)
        results.add(f"{work} to {world.open:,}", name, done.microseconds, "µs")
        results.add(f"{work} to {world.open:,}, rate", name, done.rate, "/s")
        results.add(f"{work} to {world.open:,}, p99", name, done.p99_ms, "ms")

    def _hints(self, results: Results, place: Place) -> None:
        """Rows numbered and hints kept beforehand, so that the server is what is measured."""
        with World(place) as world:
            for count in self.sizes.steps:
                world.connect(count)
                for _ in range(self.sizes.rounds):
                    world.send("keep", count=count, people=count)
                    self._fan_out(results, world, "single hints", "at_once")
            world.send("keep", count=world.open, people=world.open)
            pause = world.longest_pause("at_once")
            results.add("longest pause, single hints", f"{place.system}, {place.server}", pause, "ms")
            self._unicast(results, world)

    def _unicast(self, results: Results, world: World) -> None:
        """The highest rate tried at which 99 of 100 arrive within 50 ms; from where it should be, upwards."""
        first = FIRST_RATE[world.place.system]
        rates = [rate for rate in self.sizes.rates if rate >= first]
        best = self._highest(world, rates) or self._highest(world, [r for r in reversed(self.sizes.rates) if r < first])
        name = f"{world.place.system}, {world.place.server}"
        rate, p99 = best or (0, 0.0)
        results.add("unicast, p99 < 50 ms", name, rate, "/s")
        results.add("unicast, p99 at that rate", name, p99, "ms")

    def _highest(self, world: World, rates: list[int]) -> tuple[int, float] | None:
        """Of rising rates the last that is kept up with; of falling ones the first."""
        best = None
        for rate in rates:
            kept_up, p99 = self._try_rate(world, rate)
            if kept_up:
                best = rate, p99
            if kept_up == (rates[0] > rates[-1]) or len(rates) == 1:
                break
        return best

    def _try_rate(self, world: World, rate: int) -> tuple[bool, float]:
        """Twice, if need be: on a shared machine, somebody else's burst is no limit of ours."""
        for _ in range(TRIES):
            if world.place.system == "product":
                world.send("keep", count=int(rate * self.sizes.rate_seconds), people=world.open)
            kept_up, p99 = world.keeps_up_with(rate, self.sizes.rate_seconds, within_ms=P99_MS)
            if kept_up:
                break
        return kept_up, p99
