"""The same for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf

from .agreement import Known
from .constants import Constants, sources
from .limits import Reached
from .model import Needs
from .simulation import Outcome
from .workload import Workload

WIDTH = 54


def _line(name: str, value: str) -> str:
    return f"  {name:<{WIDTH}} {value}"


def people(number: float) -> str:
    """Three digits are more than the model knows."""
    if number == inf:
        return "never"
    for unit, name in ((1e9, " billion"), (1e6, " million"), (1e3, ",000")):
        if number >= unit:
            return f"{number / unit:,.{0 if number >= 10 * unit or unit == 1e3 else 1}f}{name}"
    return f"{number:.0f}"


def needs(workload: Workload, found: Needs) -> Iterator[str]:
    p = found.processes
    yield f"{people(workload.users)} users, {workload.sockets:,.0f} sockets, {workload.per_second:,.1f} sends/s at peak"
    yield _line("server processes", f"{p.needed:,.0f} of {found.process_mib:,.0f} MiB")
    yield _line("  by sockets · CPU · return of all", f"{p.by_sockets:,.1f} · {p.by_cpu:,.1f} · {p.by_return:,.1f}")
    yield _line("deliveries · to clients", f"{found.deliveries_per_second:,.0f}/s · {found.client_mbit:,.1f} Mbit/s")
    yield _line("Redis", f"{found.redis_core_share:.1%} of its core · {found.redis_mbit:,.1f} Mbit/s")
    yield _line("  while everybody is told", f"{found.redis_mbit_announcement:,.0f} Mbit/s")
    standing = f"{found.database_cores_standing:,.2f} of them standing"
    yield _line("PostgreSQL, cores", f"{found.database_cores:,.2f}, {standing}")
    yield _line("  more while everybody returns", f"{found.database_cores_return:,.2f}")
    yield _line("  rows · disk", f"{people(found.rows)} · {found.disk_tb:,.2f} TB")
    yield _line("  pages in use · connections", f"{found.hot_index_gb:,.1f} GB · {found.database_connections:,.0f}")
    yield _line("  write-ahead log", f"{found.wal_mb_per_second:,.2f} MB/s")
    yield _line("everybody is told within", f"{found.announcement_seconds:,.1f} s")


def limits(reached: list[Reached], cells: int) -> Iterator[str]:
    yield "Limits of one Redis and one PostgreSQL, in the order in which a site like this meets them"
    for found in reached:
        over = " ← beyond" if found.use > 1 else ""
        yield _line(f"{people(found.users)} users", f"{found.limit.name}: {found.limit.cure}{over}")
    if cells > 1:
        yield f"With {cells} cells, of a Redis, a PostgreSQL and their processes each, none of the others is reached."


def outcome(found: Outcome) -> Iterator[str]:
    groups = {f"single changes, {name}": latencies for name, latencies in found.single.items()}
    groups |= {"send to everybody, from each commit": found.bulk, "missed in the crash": found.missed}
    for name, latencies in (groups | {"reconnects after it": found.reconnects}).items():
        p50, p99 = latencies.percentile(0.5) * 1e3, latencies.percentile(0.99) * 1e3
        yield _line(name, f"p50 {p50:,.1f} ms · p99 {p99:,.1f} ms" if len(latencies) else "none")
    if found.announced_after:
        yield _line("everybody was told after", f"{found.announced_after:,.1f} s")
    for name, station in found.stations.items():
        backlog = f"longest backlog {station.most_waiting_seconds * 1e3:,.1f} ms at {station.most_waiting_at:.1f} s"
        gone = f", gone at {station.is_gone_at:.1f} s" if station.is_gone_at else ""
        yield _line(name, f"{station.use(found.seconds):.1%} busy · {backlog}{gone}")


def agreement(constants: Constants, rows: Iterable[Known]) -> Iterator[str]:
    yield "The simulation beside what was measured (· where a constant of the model was taken from that very row)"
    for known in rows:
        value, measured = known.simulated(constants), f"{known.lowest:,g}"
        if known.highest != known.lowest:
            measured += f"–{known.highest:,g}"
        off = known.off(constants)
        note = f"off by {off:+.0%}" if off else "within"
        mark = " " if known.is_free else "·"
        yield _line(
            f"{mark} {known.work}", f"{value:,.{0 if value >= 1_000 else 2}f} {known.unit}, measured {measured}: {note}"
        )


def constants_table(constants: Constants) -> Iterator[str]:
    for name, value, kind, source in sources(constants):
        yield _line(name, f"{value:>10,g}  {kind}: {source}")
