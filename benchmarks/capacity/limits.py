"""What is met first when a site grows, at how many users, and what the design must become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, inf

from .constants import Constants
from .model import Model, Needs
from .workload import Machines, Workload

FEWEST, MOST = 1e3, 1e11
HEARING_SHARE = 0.10  # of each core, for hints that concern other processes
HOT_MEMORY_SHARE = 0.75  # of a database's memory, for the pages that writing touches


@dataclass(frozen=True, slots=True)
class Limit:
    """``use`` is 1 where it is reached; it grows with the number of users."""

    name: str
    use: Callable[[Needs, Workload, Machines], float]
    cure: str
    is_design: bool = True  # more of the same, or a setting, does not help


LIMITS = (
    Limit(
        "one process",
        lambda n, w, m: max(n.processes.by_sockets, n.processes.by_cpu, n.processes.by_return),
        "more server processes and a channel layer between them",
        is_design=False,
    ),
    Limit(
        "database connections",
        lambda n, w, m: n.database_connections / m.database_connections,
        "a connection pooler, or DB_THREADS = 2",
        is_design=False,
    ),
    Limit(
        "time to tell everybody",
        lambda n, w, m: n.announcement_seconds / w.announcement_seconds,
        "announcements read at reading time (fan-out on read)",
    ),
    Limit(
        "memory of the caller who tells everybody",
        lambda n, w, m: n.caller_gb / m.caller_memory_gb,
        "announcements read at reading time (fan-out on read)",
    ),
    Limit(
        "Redis network while everybody is told",
        lambda n, w, m: n.redis_mbit_announcement / (m.network_gbit * 1e3),
        "announcements read at reading time; one Redis and group of processes for each cell",
    ),
    Limit(
        "hot index pages in memory",
        lambda n, w, m: n.hot_index_gb / (m.database_memory_gb * HOT_MEMORY_SHARE),
        "more memory, then several databases by user",
    ),
    Limit(
        "rows in one table",
        lambda n, w, m: n.rows / m.table_rows,
        "partitions by hash of the recipient",
    ),
    Limit(
        "disk of one database",
        lambda n, w, m: n.disk_tb / m.database_disk_tb,
        "a shorter retention, then several databases by user",
    ),
    Limit(
        "database CPU",
        lambda n, w, m: n.database_cores / (m.database_cores * m.target_use),
        "several databases by user",
    ),
    Limit(
        "database CPU while everybody returns",
        lambda n, w, m: (n.database_cores + n.database_cores_return) / m.database_cores,
        "several databases by user; a longer spread of reconnects",
    ),
    Limit(
        "write-ahead log",
        lambda n, w, m: n.wal_mb_per_second / m.wal_mb_per_second,
        "several databases by user",
    ),
    Limit(
        "Redis CPU",
        lambda n, w, m: n.redis_core_share / m.target_use,
        "several Redis for users' groups (a setting); cells for the group of all processes",
    ),
    Limit(
        "Redis network",
        lambda n, w, m: n.redis_mbit / (m.network_gbit * 1e3 * m.target_use),
        "cells: a process hears only of the users that are routed to it",
    ),
    Limit(
        "CPU of a process that hears of all",
        lambda n, w, m: n.hearing_share / HEARING_SHARE,
        "cells: a process hears only of the users that are routed to it",
    ),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit, how much of it is used, and with how many users it is reached."""

    limit: Limit
    use: float
    users: float


def use_of(limit: Limit, workload: Workload, constants: Constants, machines: Machines) -> float:
    return limit.use(Model(constants, workload, machines).needs, workload, machines)


def users_at(limit: Limit, workload: Workload, constants: Constants, machines: Machines) -> float:
    """With how many users of the same habits the limit is reached; ``inf`` beyond a hundred thousand million."""
    low, high = FEWEST, MOST
    if use_of(limit, replace(workload, users=high), constants, machines) < 1:
        return inf
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        if use_of(limit, replace(workload, users=middle), constants, machines) < 1:
            low = middle
        else:
            high = middle
    return high


def in_order(workload: Workload, constants: Constants, machines: Machines) -> list[Reached]:
    """All limits, the one that is met first before the others."""
    found = [
        Reached(limit, use_of(limit, workload, constants, machines), users_at(limit, workload, constants, machines))
        for limit in LIMITS
    ]
    return sorted(found, key=lambda reached: reached.users)


def cells(workload: Workload, constants: Constants, machines: Machines) -> int:
    """How many cells keep each below every limit of design but those that announcements meet and partitions cure.

    A cell is a Redis, a PostgreSQL and the processes of the users that are hashed to it.
    """
    fewest = min(
        users_at(limit, workload, constants, machines)
        for limit in LIMITS
        if limit.is_design and not limit.cure.startswith(("announcements", "partitions"))
    )
    return max(1, ceil(workload.users / fewest))
