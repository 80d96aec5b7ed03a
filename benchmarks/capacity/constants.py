"""What the model rests on: one figure a line, with its unit in the name and where it comes from.

``measured`` figures are a row of ``make bench``, which :func:`constants_from` puts in their place; ``weighed`` ones are
printed by ``sizes.py`` and ``wire.py``; ``guessed`` ones nobody has measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

UVICORN = "product, uvicorn"
STORAGE = "product"


def measured(value: float, work: str, system: str = UVICORN, *, convert: Callable[[float], float] = float) -> Any:
    """A row of the benchmarks, of which ``convert`` makes our unit. The default is the documented one."""
    return field(
        default=value,
        metadata={"kind": "measured", "row": (work, system), "convert": convert, "source": f"{work} ({system})"},
    )


def weighed(value: float, script: str) -> Any:
    return field(default=value, metadata={"kind": "weighed", "source": script})


def guessed(value: float, why: str) -> Any:
    return field(default=value, metadata={"kind": "guessed", "source": why})


def _per_second(rate: float) -> float:
    """Microseconds for each of so many a second."""
    return 1e6 / rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """Of one core, at 5,000 sockets in a process."""

    # -- a server process
    bulk_delivery_us: float = measured(23.0, "bulk fan-out to 5,000")
    single_delivery_us: float = measured(29.6, "single hints to 5,000")
    handshake_us: float = measured(859.0, "handshakes", convert=_per_second)
    idle_socket_kib: float = measured(23.8, "idle memory of a socket")
    idle_us_per_socket_and_second: float = guessed(6.4, "3.2 % of a core at 5,000 idle sockets, seen once")
    process_mib: float = guessed(90.0, "a process without sockets; the site's own code may be larger")
    absent_person_us: float = weighed(0.25, "wire.py: a person named in a bulk hint who is not here")

    # -- a hint on its way
    publisher_us: float = weighed(125.0, "wire.py: one group_send after the other")
    single_hint_bytes: float = weighed(653.0, "wire.py")
    bulk_head_bytes: float = weighed(500.0, "wire.py")
    bulk_bytes_per_person: float = weighed(52.0, "wire.py")
    frame_bytes: float = weighed(556.0, "wire.py")
    redis_publish_us: float = weighed(10.0, "wire.py")
    redis_listener_us: float = weighed(2.4, "wire.py")
    redis_listener_us_per_kib: float = weighed(0.36, "wire.py")

    # -- PostgreSQL
    single_send_ms: float = measured(1.17, "single send, 1 writer, PostgreSQL, p50", STORAGE)
    single_send_core_ms: float = measured(  # an upper bound: the writers shared the two cores
        2.01, "single send, 8 writers, PostgreSQL, rate", STORAGE, convert=lambda rate: 2_000 / rate
    )
    bulk_row_us: float = measured(
        29.2, "send to 100,000 people, PostgreSQL", STORAGE, convert=lambda seconds: seconds * 10
    )
    reconcile_ms_per_1000: float = measured(
        4.71, "snapshots of 1,000 users at 1,000,000 rows, PostgreSQL, query, p50", STORAGE
    )
    rights_ms_per_1000: float = guessed(4.0, "two look-ups like the reconciler's")
    sweep_ms: float = guessed(0.75, "three look-ups of 0.25 ms, of which one was measured")
    handshake_core_ms: float = guessed(0.5, "one look-up of the key or session; the snapshot is shared")

    # -- the disk
    row_bytes: float = weighed(391.0, "sizes.py")
    row_index_bytes: float = weighed(169.0, "sizes.py: all indexes together")
    inbox_bytes: float = weighed(238.0, "sizes.py")
    wal_bytes_per_bulk_row: float = weighed(1_157.0, "sizes.py: whole pages after a checkpoint included")
    wal_bytes_per_single_send: float = weighed(1_076.0, "sizes.py")

    # -- a caller of send_notifications
    caller_bytes_per_person: float = guessed(90.0, "the set that keeps anybody from being named twice")


def constants_from(results: Iterable[Mapping[str, Any]], *, before: Constants | None = None) -> Constants:
    """Put the medians of ``make bench`` in the place of the defaults that have a row of that name.

    Args:
        results: its figures, each with ``work``, ``system`` and ``median``.
    """
    medians = {(figure["work"], figure["system"]): float(figure["median"]) for figure in results}
    found = {}
    for constant in fields(Constants):
        row = constant.metadata.get("row")
        if row and (median := medians.get(row)):
            found[constant.name] = constant.metadata["convert"](median)
    return replace(before or Constants(), **found)


def sources(constants: Constants) -> list[tuple[str, float, str, str]]:
    """Name, value, kind and source of each, for whoever wants to see what is behind a result."""
    return [(f.name, getattr(constants, f.name), f.metadata["kind"], f.metadata["source"]) for f in fields(Constants)]
