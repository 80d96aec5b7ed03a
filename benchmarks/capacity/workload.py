"""What people do, and on what: all of it is assumed, and meant to be replaced by a site's own figures."""

from __future__ import annotations

from dataclasses import dataclass

DAY_SECONDS = 86_400

SIZES = (10_000, 1_000_000, 100_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A site at its peak hour."""

    users: float
    online_share: float = 0.10
    sockets_per_person: float = 1.2
    per_person_and_day: float = 10.0
    peak_factor: float = 4.0  # the busiest hour, as a multiple of the mean
    bulk_share: float = 0.5  # of all notifications, how many come with send_notifications()
    bulk_people: float = 500.0  # in one such send
    marked_read_share: float = 0.3  # of all notifications, by a change of their own
    retention_days: float = 90.0
    return_seconds: float = 30.0  # everybody is disconnected, and should be back so soon
    announcement_seconds: float = 60.0  # how long a send to everybody may take

    @property
    def online(self) -> float:
        return self.users * self.online_share

    @property
    def sockets(self) -> float:
        return self.online * self.sockets_per_person

    @property
    def per_second(self) -> float:
        """Notifications to one person each, at the peak."""
        return self.users * self.per_person_and_day / DAY_SECONDS * self.peak_factor

    @property
    def bulk_per_second(self) -> float:
        """People who get one by a bulk send, at the peak."""
        return self.per_second * self.bulk_share

    @property
    def single_per_second(self) -> float:
        return self.per_second - self.bulk_per_second

    @property
    def reads_per_second(self) -> float:
        """Changes that their own reader makes, who is therefore online."""
        return self.per_second * self.marked_read_share

    @property
    def rows(self) -> float:
        return self.users * self.per_person_and_day * self.retention_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What one of each can do. PostgreSQL's cost is taken to spread over its cores, which nobody has measured."""

    target_use: float = 0.6  # above it, queues grow long
    sockets_per_process: int = 5_000  # what was measured; more is possible
    chunk_people: int = 300  # NOTIFICATIONS["CHUNK_SIZE"]
    database_threads: int = 4  # NOTIFICATIONS["DB_THREADS"]
    database_cores: int = 16
    database_memory_gb: float = 64.0
    database_disk_tb: float = 4.0
    database_connections: int = 500
    table_rows: float = 1e9  # more in one table, and a vacuum of it takes hours
    wal_mb_per_second: float = 100.0
    network_gbit: float = 10.0
    caller_memory_gb: float = 1.0
