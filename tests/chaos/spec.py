"""The words of the table: what a row claims, where it ran, and what was seen."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from .world import World

System = Literal["product", "tutorial"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """One world: which system, on what. Its rows run in it one after another."""

    system: System
    server: Literal["uvicorn", "daphne"]
    layer: Literal["pubsub", "core", "core-by-default"]
    database: Literal["postgresql", "sqlite", "mariadb"] = "postgresql"
    rows: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)  # of NOTIFICATIONS
    long: bool = False
    database_url: str = ""
    own_postgres: bool = False  # one that the row may kill
    quiet: bool = False

    @property
    def name(self) -> str:
        return "-".join((self.system, self.server, self.layer, self.database, *self.settings))

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**{**(fields := json.loads(text)), "rows": tuple(fields["rows"])})


@dataclass(kw_only=True)
class Result:
    """``work`` is what was done ("2 kills in 400 sends"), ``seen`` what came of it ("0 lost, …")."""

    work: str
    seen: str
    met: bool
    details: str = ""
    worst: float = 0.0  # the greater, the nearer to missing the claim: which place the table shows
    hard: bool = False  # something was lost, or wrong: no busy machine excuses that
    crashed: bool = False  # the row itself could not be run to its end, which shows nothing
    row: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """A fault or an attack, and what the product must show under it.

    ``tutorial``: the tutorial app is put under it, too, and must fail. ``settings``: of NOTIFICATIONS, where the row
    needs a world of its own; ``alone``: it needs one for itself, with those settings or with none.
    """

    name: str
    fault: str
    claim: str
    run: Callable[[World], Awaitable[Result]]
    tutorial: bool = True
    tutorial_layer: Literal["pubsub", "core", "core-by-default"] = "pubsub"
    layers: tuple[str, ...] = ("pubsub", "core")
    every_layer: bool = False  # also in the short version, which otherwise pairs each server with one layer
    databases: tuple[str, ...] = ("postgresql", "sqlite", "mariadb")
    alone: bool = False
    own_postgres: bool = False
    quiet: bool = False  # it measures latency: the product's turn comes when the crowd has gone, one at a time
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 120.0  # the most that its short version may take
    long_seconds: float = 900.0


ROWS: dict[str, Row] = {}


def row(fault: str, claim: str, **options: Any) -> Callable[[Callable[[World], Awaitable[Result]]], Any]:
    """Put a coroutine into the table under its own name."""

    def register(run: Callable[[World], Awaitable[Result]]) -> Callable[[World], Awaitable[Result]]:
        name = run.__name__
        ROWS[name] = Row(name=name, fault=fault, claim=claim, run=run, **options)
        return run

    return register
