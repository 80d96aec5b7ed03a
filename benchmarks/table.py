"""The tables, in Markdown that is laid out for a terminal, too: the claims, and every figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.claims import COMMUNITY, Claim
from benchmarks.figures import Figure
from benchmarks.runs import Runs, Source

KEY = """\
*Beside* is the tutorial app on the same server; for sends to many, django-notifications-community
("community" below). A *ratio* is taken within each run, of the medians there; stated is the median over
the runs. A fan-out costs the server's processor so much for each delivery. Call to socket, round trips
and sends meanwhile are of single sends. Of two figures (bulk and single hints, outside and inside a
transaction, PostgreSQL and SQLite) the worse one is stated. Where there is no floor, the figure is only
shown."""
NOT_CLAIMED = "Floors are not claimed at this size: `make bench` without `QUICK=1` is held to them."


def claims_table(claims: Sequence[Claim], runs: Runs, *, claimed: bool = True) -> str:
    """Args: claimed: whether sizes are those that floors are stated for."""
    head = ["what", "here", "beside", "ratio", "floor", "aim", ""]
    rows = [_claim(claim, runs, claimed=claimed) for claim in claims]
    return "\n\n".join([_table(head, rows), KEY, *[NOT_CLAIMED] * (not claimed)])


def _claim(claim: Claim, runs: Runs, *, claimed: bool) -> list[str]:
    value = claim.value(runs)
    own = "" if value is None else _with_unit(value, claim.unit)
    here, ratio = (_figure(claim.here, runs), own) if claim.here else (own, "")
    bounds = [_bound(claim, bound) for bound in (claim.floor, claim.aim)]
    return [claim.name, here, _figure(claim.beside, runs), ratio, *bounds, verdict(claim, runs, claimed=claimed)]


def verdict(claim: Claim, runs: Runs, *, claimed: bool) -> str:
    if claim.value(runs) is None:
        return "no figure"
    if claim.floor is None:
        return ""
    if not claimed:
        return "not claimed"
    if not claim.holds(runs):
        return "**MISSED**"
    return "aim met" if claim.reaches_aim(runs) else "met"


def _figure(source: Source | None, runs: Runs) -> str:
    median = runs.median(source) if source else None
    return "" if median is None or source is None else _with_unit(median, runs.unit(source))


def _bound(claim: Claim, bound: float | None) -> str:
    return "" if bound is None else f"{'≥' if claim.at_least else '≤'}{_with_unit(bound, claim.unit, exact=True)}"


def _with_unit(value: float, unit: str, *, exact: bool = False) -> str:
    """Counts are named in the row already."""
    text = f"{value:,g}" if exact and value < 1000 else number(value)
    space = "" if unit in {"×", "/s"} else " "
    return text if unit == "round trips" else f"{text}{space}{unit}"


def number(value: float) -> str:
    """Three digits, or all that stand before the point."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3}f}"


def figures_table(figures: Iterable[Figure]) -> str:
    """A table for each kind: works below each other, systems beside each other."""
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(_kind(figure), []).append(figure)
    return "\n\n".join(f"### {kind}\n\n{_group(members)}" for kind, members in groups.items())


def _kind(figure: Figure) -> str:
    if figure.system.startswith("limit"):
        return "The least there is"
    if ", " in figure.system:
        return f"On {figure.system.partition(', ')[2]}"
    if " rows, " in figure.work:
        return "Reads"
    return "Sends to many" if figure.work.startswith("send to") else "Single sends"


def _group(figures: Sequence[Figure]) -> str:
    systems, works = (list(dict.fromkeys(names)) for names in zip(*((f.system, f.work) for f in figures), strict=True))
    cells = {(figure.work, figure.system): figure for figure in figures}
    rows = []
    for work in works:
        row = [cells.get((work, system)) for system in systems]
        unit = next(figure.unit for figure in row if figure)
        rows.append([work, unit, *(_spread(figure) if figure else "" for figure in row)])
    return _table(["", "unit", *(_short(system) for system in systems)], rows, left=2)


def _short(system: str) -> str:
    """The heading of the group, or the key, says the rest."""
    if system == COMMUNITY:
        return "community"
    if system.startswith("limit: "):
        return system.removeprefix("limit: ")
    return system.partition(", ")[0]


def _spread(figure: Figure) -> str:
    least, most = number(min(figure.values)), number(max(figure.values))
    return number(figure.median) + (f" ({least}–{most})" if least != most else "")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Args: left: how many columns are words; the others are numbers, and stand on the right."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(3, *map(len, column)) for column in columns]
    last = len(head) - 1 if not head[-1] else None  # verdicts are words

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if at < left or at == last else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if at < left or at == last else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    return "\n".join(line(cells) for cells in [head, rule, *rows])
