"""From constants and a workload to what is needed. Arithmetic only: no queue, no variance; see simulation.py."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, inf
from typing import Any

from .constants import Constants
from .workload import Machines, Workload

# Defaults of notifications/live/background.py, less a tenth: pauses have that much jitter.
RECONCILE_SECONDS = 4.5
RIGHTS_SECONDS = 9.0
SWEEP_SECONDS = 0.9
PING_SECONDS = 30.0
TCP_BYTES = 60  # and the head of a WebSocket frame
PING_BYTES = 70 + TCP_BYTES
PAGE_BYTES = 8_192
INDEXES_BY_PERSON = 3  # (recipient, seq), (recipient, rev), (recipient, dedupe_key): each has a page per person in use


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """How many server processes are needed, by each reason to have more."""

    by_sockets: float
    by_cpu: float  # inf: each would be busy with hearing of people that others serve
    by_return: float

    @property
    def needed(self) -> float:
        """At least two, so that one may die."""
        most = max(2.0, self.by_sockets, self.by_cpu, self.by_return)
        return most if most == inf else ceil(most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """At the peak, with one Redis and one PostgreSQL."""

    processes: Processes
    process_mib: float
    hearing_share: float  # of a core, in each process: reading bulk hints of people who are elsewhere
    deliveries_per_second: float
    client_mbit: float
    redis_core_share: float
    redis_mbit: float
    redis_mbit_announcement: float
    database_cores: float
    database_cores_standing: float  # of those, what reconcilers, sweepers and checks of rights take
    database_cores_return: float  # everybody comes back
    database_connections: float
    wal_mb_per_second: float
    rows: float
    disk_tb: float
    hot_index_gb: float
    announcement_seconds: float
    caller_gb: float

    def as_json(self) -> dict[str, Any]:
        processes = asdict(self.processes) | {"needed": self.processes.needed}
        return asdict(self) | {"processes": processes}


@dataclass(frozen=True, slots=True)
class Model:
    """The sums, each by itself, so that each can be asked and tested."""

    constants: Constants
    workload: Workload
    machines: Machines

    # -- server processes

    def process_core_share(self, processes: float) -> float:
        """How busy each is at the peak, idle work included."""
        c, w = self.constants, self.workload
        us = w.sockets * c.idle_us_per_socket_and_second
        us += self.single_deliveries_per_second * c.single_delivery_us
        us += self.bulk_deliveries_per_second * c.bulk_delivery_us
        return us / processes / 1e6 + self.hearing_share

    @property
    def single_deliveries_per_second(self) -> float:
        """To sockets: of new notifications to whoever is online, of what was read to its reader."""
        w = self.workload
        return (w.single_per_second * w.online_share + w.reads_per_second) * w.sockets_per_person

    @property
    def bulk_deliveries_per_second(self) -> float:
        return self.workload.bulk_per_second * self.listeners_of_one

    @property
    def hearing_share(self) -> float:
        """Bulk hints go to the group of all processes; each reads whom they name. More processes do not help."""
        return self.workload.bulk_per_second * self.constants.absent_person_us / 1e6

    @property
    def processes(self) -> Processes:
        w, m = self.workload, self.machines
        room = m.target_use - self.hearing_share
        return Processes(
            by_sockets=w.sockets / m.sockets_per_process,
            by_cpu=(self.process_core_share(1) - self.hearing_share) / room if room > 0 else inf,
            by_return=w.sockets * self.constants.handshake_us / 1e6 / w.return_seconds,
        )

    # -- Redis

    def _bulk_hint_bytes(self, people: float) -> float:
        return self.constants.bulk_head_bytes + self.constants.bulk_bytes_per_person * people

    def redis_us(self, size_bytes: float, listeners: float) -> float:
        """CPU for one message."""
        c = self.constants
        return c.redis_publish_us + listeners * (c.redis_listener_us + c.redis_listener_us_per_kib * size_bytes / 1024)

    @property
    def bulk_hints_per_second(self) -> float:
        people = self.workload.bulk_people
        return self.workload.bulk_per_second / people * ceil(people / self.machines.chunk_people)

    @property
    def listeners_of_one(self) -> float:
        """Sockets, and processes in the group, of somebody of whom it is not known whether they are online."""
        return self.workload.online_share * self.workload.sockets_per_person

    def redis(self, processes: float) -> tuple[float, float]:
        """Share of its one core, and Mbit/s that it sends."""
        w, c = self.workload, self.constants
        size = self._bulk_hint_bytes(min(w.bulk_people, self.machines.chunk_people))
        us = w.single_per_second * self.redis_us(c.single_hint_bytes, self.listeners_of_one)
        us += w.reads_per_second * self.redis_us(c.single_hint_bytes, w.sockets_per_person)
        us += self.bulk_hints_per_second * self.redis_us(size, processes)
        sent = self.single_deliveries_per_second * c.single_hint_bytes
        sent += self.bulk_hints_per_second * processes * size
        return us / 1e6, sent * 8 / 1e6

    def announcement_mbit(self, processes: float) -> float:
        """What Redis sends while one caller tells everybody, as fast as rows are written."""
        size = self._bulk_hint_bytes(self.machines.chunk_people)
        hints_per_second = 1e6 / self.constants.bulk_row_us / self.machines.chunk_people
        return hints_per_second * size * processes * 8 / 1e6

    # -- PostgreSQL

    def standing_cores(self, processes: float) -> float:
        c, w = self.constants, self.workload
        reconcile = w.online / 1000 * c.reconcile_ms_per_1000 / RECONCILE_SECONDS
        rights = w.sockets / 1000 * c.rights_ms_per_1000 / RIGHTS_SECONDS
        return (reconcile + rights + processes * c.sweep_ms / SWEEP_SECONDS) / 1000

    @property
    def writing_cores(self) -> float:
        c, w = self.constants, self.workload
        changes = w.single_per_second + w.reads_per_second
        return changes * c.single_send_core_ms / 1e3 + w.bulk_per_second * c.bulk_row_us / 1e6

    @property
    def needs(self) -> Needs:
        c, w = self.constants, self.workload
        processes = self.processes.needed
        redis_share, redis_mbit = self.redis(processes)
        deliveries = self.single_deliveries_per_second + self.bulk_deliveries_per_second
        standing = self.standing_cores(processes)
        single_wal = (w.single_per_second + w.reads_per_second) * c.wal_bytes_per_single_send
        return Needs(
            processes=self.processes,
            process_mib=c.process_mib + w.sockets / processes * c.idle_socket_kib / 1024,
            hearing_share=self.hearing_share,
            deliveries_per_second=deliveries,
            client_mbit=(deliveries * (c.frame_bytes + TCP_BYTES) + w.sockets / PING_SECONDS * PING_BYTES) * 8 / 1e6,
            redis_core_share=redis_share,
            redis_mbit=redis_mbit,
            redis_mbit_announcement=self.announcement_mbit(processes),
            database_cores=standing + self.writing_cores,
            database_cores_standing=standing,
            database_cores_return=w.sockets * c.handshake_core_ms / 1e3 / w.return_seconds,
            database_connections=processes * self.machines.database_threads,
            wal_mb_per_second=(single_wal + w.bulk_per_second * c.wal_bytes_per_bulk_row) / 1e6,
            rows=w.rows,
            disk_tb=(w.rows * (c.row_bytes + c.row_index_bytes) + w.users * c.inbox_bytes) / 1e12,
            hot_index_gb=w.users * INDEXES_BY_PERSON * PAGE_BYTES / 1e9,
            announcement_seconds=w.users * c.bulk_row_us / 1e6,
            caller_gb=w.users * c.caller_bytes_per_person / 1e9,
        )
