"""The tables: plain Markdown whose columns stand in line, narrow enough for a terminal."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import plot, table
from benchmarks.claims import Claim, claims
from benchmarks.figures import Figure
from benchmarks.runs import Runs

BULK = "bulk fan-out to 5,000"
WIDTH = 110


def a_run(*figures: tuple[str, str, str, list[float]]) -> Runs:
    runs = Runs(1)
    for work, system, unit, values in figures:
        for value in values:
            runs.each[0].add(work, system, value, unit)
    return runs


FAN_OUTS = a_run(
    (BULK, "tutorial, uvicorn", "µs", [338.9, 340.0, 339.5]),
    (BULK, "product, uvicorn", "µs", [14.13, 14.0, 15.0]),
    (BULK, "product, daphne", "µs", [25.0]),
    (BULK, "limit: C, send()", "µs", [4.2]),
    ("send to 10,000 people, PostgreSQL", "product", "s", [0.123]),
    ("list page at 1,000,000 rows, SQLite, rows, p50", "product", "ms", [0.05]),
)


def a_claim(value: float | None, *, floor: float | None = 18.0) -> Claim:
    here, beside = (BULK, "product, uvicorn"), (BULK, "tutorial, uvicorn")
    return Claim("bulk", lambda runs: value, "×", floor, 24.0, at_least=True, here=here, beside=beside)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_claim_shows_both_figures_their_ratio_and_what_was_promised() -> None:
    line = table.claims_table([a_claim(24.03)], FAN_OUTS).splitlines()[2]
    assert cells(line) == ["bulk", "14.1 µs", "340 µs", "24.0×", "≥18×", "≥24×", "aim met"]


@pytest.mark.parametrize(
    ("claim", "claimed", "shown"),
    [
        (a_claim(24.0), True, "aim met"),
        (a_claim(23.9), True, "met"),
        (a_claim(17.9), True, "**MISSED**"),
        (a_claim(17.9), False, "not claimed"),
        (a_claim(None), True, "no figure"),
        (a_claim(None), False, "no figure"),
        (a_claim(1.0, floor=None), True, ""),
    ],
)
def test_a_claim_is_judged(claim: Claim, claimed: bool, shown: str) -> None:
    assert cells(table.claims_table([claim], FAN_OUTS, claimed=claimed).splitlines()[2])[-1] == shown


def test_figures_stand_by_kind_with_their_spread() -> None:
    assert table.figures_table(FAN_OUTS.figures()) == FIGURES


FIGURES = """\
### On uvicorn

|                       | unit |      tutorial |      product |
| --------------------- | ---- | ------------: | -----------: |
| bulk fan-out to 5,000 | µs   | 340 (339–340) | 14.1 (14–15) |

### On daphne

|                       | unit | product |
| --------------------- | ---- | ------: |
| bulk fan-out to 5,000 | µs   |      25 |

### The least there is

|                       | unit | C, send() |
| --------------------- | ---- | --------: |
| bulk fan-out to 5,000 | µs   |      4.20 |

### Sends to many

|                                   | unit | product |
| --------------------------------- | ---- | ------: |
| send to 10,000 people, PostgreSQL | s    |    0.12 |

### Reads

|                                                | unit | product |
| ---------------------------------------------- | ---- | ------: |
| list page at 1,000,000 rows, SQLite, rows, p50 | ms   |   0.050 |"""


def test_a_system_without_a_figure_leaves_a_gap() -> None:
    runs = a_run((BULK, "tutorial, uvicorn", "µs", [340.0]), ("handshakes", "product, uvicorn", "/s", [2_000.0]))
    rows = [cells(line) for line in table.figures_table(runs.figures()).splitlines()[4:]]
    assert rows == [[BULK, "µs", "340", ""], ["handshakes", "/s", "", "2,000"]]


def test_the_claims_fit_a_terminal() -> None:
    all_claims = claims(sockets=5_000, people=(10_000, 100_000), rows=1_000_000)
    known = {source for claim in all_claims for source in (claim.here, claim.beside) if source}
    runs = a_run(*((work, system, "KiB", [23.4]) for work, system in known))
    lines = table.claims_table(all_claims, runs, claimed=False).splitlines()
    assert len({len(line) for line in lines if line.startswith("|")}) == 1
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (25_000.0, "25,000"),
        (1234.56, "1,235"),
        (339.4, "339"),
        (14.13, "14.1"),
        (5.0, "5"),
        (0.823, "0.82"),
        (0.0612, "0.061"),
        (0.0, "0"),
    ],
)
def test_numbers_have_three_digits_or_all_before_the_point(value: float, shown: str) -> None:
    assert table.number(value) == shown


# -- the plot


def test_a_line_for_each_system_and_way_of_sending() -> None:
    figures = [
        Figure("bulk fan-out to 5,000", "tutorial, uvicorn", "µs", [340.0]),
        Figure("bulk fan-out to 1,000", "tutorial, uvicorn", "µs", [200.0, 210.0, 900.0]),
        Figure("bulk fan-out to 1,000, rate", "tutorial, uvicorn", "/s", [3_000.0]),
        Figure("single hints to 5,000", "product, daphne", "µs", [45.0]),
        Figure("bulk fan-out to 5,000", "product, daphne", "µs", [31.0]),
        Figure("bulk fan-out to 5,000", "limit: C, send()", "µs", [4.0]),
    ]
    assert [(line.label, line.points) for line in plot.lines(figures)] == [
        ("tutorial, uvicorn", [(1_000, 210.0), (5_000, 340.0)]),
        ("product, single hints, daphne", [(5_000, 45.0)]),
        ("product, bulk, daphne", [(5_000, 31.0)]),
        ("limit: C, send()", [(5_000, 4.0)]),
    ]


def test_labels_do_not_lie_upon_each_other() -> None:
    assert list(plot.apart([300.0, 299.0, 298.0, 100.0])) == [300.0, 285.0, 270.0, 100.0]


def test_the_plot_is_drawn_or_says_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "plots" / "fan-out.svg"
    no_plot = plot.draw(FAN_OUTS.figures(), file)
    assert no_plot == (None if find_spec("matplotlib") else plot.MISSING)
    assert file.exists() == (no_plot is None)
