"""A peak minute: single changes all the time, one send to everybody, and a server process that dies meanwhile.

What waits: PostgreSQL's cores, the thread of Redis, each server process, and the caller of the send to everybody, who
expands one chunk after the other. Left out: networks, the writing of the log, locks, and what the site itself does.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any

from .constants import Constants
from .model import Model
from .stations import Clock, Latencies, Station
from .workload import Machines, Workload

MOST_PEOPLE = 5_000_000  # more would take minutes
FIRST_RETRY_SECONDS = 2.0  # a client comes back after a random part of it: FIRST_SPREAD_MS of protocol.js
SLICE_SECONDS = 0.002  # delivering pauses so often: PAUSE_SECONDS of notifications/live/fanout.py
MOST_SLICES = 4  # of one hint: enough to see when its first and its last people have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``None``: does not happen."""

    seconds: float = 60.0
    announcement_at: float | None = 10.0
    crash_at: float | None = 20.0
    crashed_share: float = 0.0  # of all processes; at least one
    seed: int = 1


@dataclass(slots=True)
class Away:
    """A socket whose process has died, and when the notifications that it misses were sent."""

    since: float
    missed: list[float] = field(default_factory=list)
    is_back: bool = False


@dataclass(slots=True)
class Outcome:
    """Seconds from the call to the socket, by what happened at the time; and how full the stations were."""

    seconds: float
    single: dict[str, Latencies] = field(default_factory=lambda: defaultdict(Latencies))
    bulk: Latencies = field(default_factory=Latencies)  # of the send to everybody, from the commit of each chunk
    missed: Latencies = field(default_factory=Latencies)  # for people whose process had died
    reconnects: Latencies = field(default_factory=Latencies)
    announced_after: float = 0.0
    stations: dict[str, Station] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        groups = {f"single changes, {name}": found for name, found in self.single.items()}
        groups |= {"send to everybody": self.bulk, "missed in the crash": self.missed, "reconnects": self.reconnects}
        return {
            "latency_seconds": {
                name: {"p50": found.percentile(0.5), "p99": found.percentile(0.99)} for name, found in groups.items()
            },
            "announced_after_seconds": self.announced_after,
            "stations": {
                name: {
                    "use": station.use(self.seconds),
                    "backlog_seconds": station.most_waiting_seconds,
                    "backlog_at": station.most_waiting_at,
                    "backlog_gone_at": station.is_gone_at,
                }
                for name, station in self.stations.items()
            },
        }


class Minute:
    """One run. Its randomness is the seed's, so that a run can be repeated."""

    def __init__(self, constants: Constants, workload: Workload, machines: Machines, scenario: Scenario) -> None:
        self.c, self.w, self.m, self.scenario = constants, workload, machines, scenario
        self.model = Model(constants, workload, machines)
        self.dice = random.Random(scenario.seed)
        self.clock = Clock()
        self.count = int(self.model.processes.needed)
        self.per_process = workload.sockets / self.count
        standing = self.model.standing_cores(self.count) / machines.database_cores
        idle = self.per_process * constants.idle_us_per_socket_and_second / 1e6
        self.database = Station(self.clock, machines.database_cores, slowed=1 / (1 - standing))
        self.redis = Station(self.clock)
        self.processes = [Station(self.clock, slowed=1 / (1 - idle)) for _ in range(self.count)]
        self.alive = list(range(self.count))
        self.away: list[Away] = []
        self.outcome = Outcome(scenario.seconds)
        self._locked_share = 0.0  # of all people, whose inboxes a chunk of the send to everybody holds
        self._wait_for_lock: list[Callable[[], None]] = []

    def run(self) -> Outcome:
        s = self.scenario
        self._next_single()
        self._next_bulk()
        if s.announcement_at is not None:
            self.clock.at(s.announcement_at, self._announce)
        if s.crash_at is not None:
            self.clock.at(s.crash_at, self._crash)
        self.clock.run()
        busiest = max(self.processes, key=lambda station: station.most_waiting_seconds)
        self.outcome.stations = {"PostgreSQL": self.database, "Redis": self.redis, "busiest process": busiest}
        return self.outcome

    # -- one to one

    def _next_single(self) -> None:
        self._poisson(self.w.single_per_second + self.w.reads_per_second, self._single, self._next_single)

    def _next_bulk(self) -> None:
        self._poisson(self.w.bulk_per_second / self.w.bulk_people, self._small_bulk, self._next_bulk)

    def _poisson(self, rate: float, happen: Any, again: Any) -> None:
        time = self.clock.now + self.dice.expovariate(rate) if rate else inf
        if time < self.scenario.seconds:
            self.clock.at(time, happen)
            self.clock.at(time, again)

    def _single(self) -> None:
        started, when = self.clock.now, self._situation()
        waits_else = (self.c.single_send_ms - self.c.single_send_core_ms) / 1e3  # round trips, Python
        is_read = self.dice.random() * (self.w.single_per_second + self.w.reads_per_second) < self.w.reads_per_second
        is_online = is_read or self.dice.random() < self.w.online_share
        then = partial(self._to_one, started, when, is_online=is_online)
        publish = max(waits_else, 0.0) + self.c.publisher_us / 1e6
        write = partial(self.database.work, self.c.single_send_core_ms / 1e3, lambda: self.clock.after(publish, then))
        if self.dice.random() < self._locked_share:
            self._wait_for_lock.append(write)
        else:
            write()

    def _to_one(self, started: float, when: str, *, is_online: bool) -> None:
        seconds = self.model.redis_us(self.c.single_hint_bytes, self.w.sockets_per_person * is_online) / 1e6
        then = partial(self._deliver, started, when) if is_online else lambda: None
        self.redis.work(seconds, then)

    def _deliver(self, started: float, when: str) -> None:
        number = self.dice.randrange(self.count)
        if number not in self._dead:
            done = partial(self._arrived, self.outcome.single[when], started, 1.0)
            self.processes[number].work(self.c.single_delivery_us * self.w.sockets_per_person / 1e6, done)
        else:
            self._miss(started)

    def _arrived(self, latencies: Latencies, started: float, weight: float) -> None:
        latencies.add(self.clock.now - started, weight)

    def _situation(self) -> str:
        if self._locked_share:
            return "while everybody is told"
        return "after that" if self.outcome.announced_after else "before"

    # -- one to many

    def _small_bulk(self) -> None:
        people = self.w.bulk_people
        self.database.work(people * self.c.bulk_row_us / 1e6, partial(self._to_all, people, Latencies()))

    def _announce(self, told: float = 0.0) -> None:
        """One chunk after the other: the next begins when this one is committed."""
        people = min(self.m.chunk_people, self.w.users - told)
        self._locked_share = max(people, 0.0) / self.w.users
        if people > 0:
            self.database.work(people * self.c.bulk_row_us / 1e6, partial(self._announced, told + people, people))
        else:
            assert self.scenario.announcement_at is not None
            self.outcome.announced_after = self.clock.now - self.scenario.announcement_at

    def _announced(self, told: float, people: float) -> None:
        waited, self._wait_for_lock = self._wait_for_lock, []
        for write in waited:
            write()
        self.clock.after(self.c.publisher_us / 1e6, partial(self._to_all, people, self.outcome.bulk))
        self._announce(told)

    def _to_all(self, people: float, latencies: Latencies) -> None:
        size = self.c.bulk_head_bytes + self.c.bulk_bytes_per_person * people
        cpu = self.model.redis_us(size, len(self.alive)) / 1e6
        network = size * 8 * len(self.alive) / (self.m.network_gbit * 1e9)
        self.redis.work(max(cpu, network), partial(self._hear, people, latencies, self.clock.now))

    def _hear(self, people: float, latencies: Latencies, started: float) -> None:
        here = people * self.model.listeners_of_one / self.count
        seconds = (people * self.c.absent_person_us + here * self.c.bulk_delivery_us) / 1e6
        slices = min(MOST_SLICES, max(1, round(seconds / SLICE_SECONDS)))
        for number in self.alive:
            for _ in range(slices):
                done = partial(self._arrived, latencies, started, here / slices)
                self.processes[number].work(seconds / slices, done)
        for _ in self._dead:
            self._miss(started, here)

    # -- the crash

    @property
    def _dead(self) -> range:
        """The first processes, once they have died."""
        return range(self.count - len(self.alive))

    def _crash(self) -> None:
        died = min(max(1, round(self.count * self.scenario.crashed_share)), self.count - 1)
        del self.alive[:died]
        for _ in range(round(self.per_process * died)):
            away = Away(self.clock.now)
            self.away.append(away)
            self.clock.after(self.dice.random() * FIRST_RETRY_SECONDS, partial(self._return, away))

    def _miss(self, started: float, expected: float = 1.0) -> None:
        """For somebody of a process that has died; who is back already gets it like all others."""
        for _ in range(int(expected) + (self.dice.random() < expected % 1)):
            away = self.dice.choice(self.away)
            if not away.is_back:
                away.missed.append(started)

    def _return(self, away: Away) -> None:
        number = self.dice.choice(self.alive)
        look_up = partial(self.database.work, self.c.handshake_core_ms / 1e3, partial(self._returned, away))
        self.processes[number].work(self.c.handshake_us / 1e6, look_up, line=1)

    def _returned(self, away: Away) -> None:
        away.is_back = True
        self.outcome.reconnects.add(self.clock.now - away.since)
        for started in away.missed:
            self.outcome.missed.add(self.clock.now - started)


def simulate(constants: Constants, workload: Workload, machines: Machines, scenario: Scenario) -> Outcome:
    return Minute(constants, workload, machines, scenario).run()
