"""The floors are those that were promised; a figure meets one, misses it, or is not there. `make bench` says which."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.claims import claims
from benchmarks.figures import Results
from benchmarks.runs import Runs, Step, Suite
from benchmarks.serving.suite import Sizes
from benchmarks.storage.suite import Storage

ALL = {claim.name: claim for claim in claims(sockets=5_000, people=(10_000, 100_000), rows=1_000_000)}
Measured = dict[tuple[str, str], float]

BULK, HINTS = "bulk fan-out to 5,000", "single hints to 5,000"
# A figure for each that just keeps every floor.
JUST_MET: Measured = {
    (BULK, "tutorial, uvicorn"): 360.0,
    (BULK, "product, uvicorn"): 20.0,
    (HINTS, "product, uvicorn"): 36.0,
    (BULK, "tutorial, daphne"): 480.0,
    (BULK, "product, daphne"): 60.0,
    (HINTS, "product, daphne"): 80.0,
    ("longest pause, bulk fan-out", "product, uvicorn"): 20.0,
    ("longest pause, single hints", "product, uvicorn"): 20.0,
    ("longest pause, bulk fan-out", "product, daphne"): 30.0,
    ("longest pause, single hints", "product, daphne"): 30.0,
    ("unicast, p99 < 50 ms", "product, uvicorn"): 25_000.0,
    ("idle memory of a socket", "tutorial, uvicorn"): 100.0,
    ("idle memory of a socket", "product, uvicorn"): 82.0,
    ("handshakes", "tutorial, uvicorn"): 1_000.0,
    ("handshakes", "product, uvicorn"): 1_200.0,
    ("handshakes, collector tuned", "product, uvicorn"): 1_600.0,
    ("single send, call to socket, p50", "product, uvicorn"): 5.0,
    ("send to 10,000 people, PostgreSQL", "product"): 0.4,
    ("send to 10,000 people, PostgreSQL, inside a transaction", "product"): 0.4,
    ("send to 100,000 people, PostgreSQL", "product"): 3.0,
    ("send to 100,000 people, PostgreSQL, inside a transaction", "product"): 3.0,
    ("send to 100,000 people on two delivery channels, PostgreSQL", "product"): 15.0,
    ("send to 100,000 people on two delivery channels, PostgreSQL, memory beyond that for 10,000", "product"): 20.0,
    ("single send during sends to 100,000, PostgreSQL, p99", "product"): 20.0,
    ("single send to a user, outside a transaction", "product"): 4.0,
    ("single send to a key, outside a transaction", "product"): 4.0,
    ("single send to a user, inside a transaction, without its BEGIN and COMMIT", "product"): 6.0,
    ("single send to a key, inside a transaction, without its BEGIN and COMMIT", "product"): 6.0,
    **{
        (f"{work} at 1,000,000 rows, {database}, {kind}, p50", "product"): 2.0
        for work, kind in (("list page", "rows"), ("list page", "total"), ("10 changes", "query"))
        for database in ("PostgreSQL", "SQLite")
    },
}
# Of these, more is better; of a tutorial's figure, it is the other way round.
THE_MORE_THE_BETTER = {"unicast, p99 < 50 ms", "handshakes", "handshakes, collector tuned"}


def worse(source: tuple[str, str], value: float) -> float:
    more_is_worse = (source[0] in THE_MORE_THE_BETTER) == source[1].startswith("tutorial")
    return value * (1.01 if more_is_worse else 0.99)


def runs_with(measured: Measured) -> Runs:
    runs = Runs(1)
    add_all(runs.each[0], measured)
    return runs


def add_all(results: Results, measured: Measured) -> None:
    for (work, system), value in measured.items():
        results.add(work, system, value, "a unit")


def held(runs: Runs) -> dict[str, bool | None]:
    return {name: claim.holds(runs) for name, claim in ALL.items() if claim.floor is not None}


def test_every_floor_of_the_issue_is_claimed_and_its_aim_stands_behind_it() -> None:
    bounds = {name: (claim.floor, claim.aim) for name, claim in ALL.items() if claim.floor is not None}
    assert bounds == {
        "bulk fan-out to 5,000, uvicorn": (18, 24),
        "bulk fan-out to 5,000, daphne": (8, 11),
        "single hints to 5,000, uvicorn": (10, 20),
        "single hints to 5,000, daphne": (6, 8),
        "longest pause, fan-out, uvicorn": (20, 6),
        "longest pause, fan-out, daphne": (30, 15),
        "unicast, p99 < 50 ms, uvicorn": (25_000, 40_000),
        "idle memory of a socket, uvicorn": (0.82, 0.62),
        "handshakes, uvicorn": (1.2, 1.4),
        "handshakes, tuned, uvicorn": (1.6, 2),
        "call to socket, p50, uvicorn": (5, 2),
        "send to 10,000 people, PostgreSQL": (0.4, 0.15),
        "send to 100,000 people, PostgreSQL": (3, 1.5),
        "send to 100,000, two channels": (15, 6),
        "… memory beyond that for 10,000": (20, 10),
        "single sends meanwhile, p99": (20, 5),
        "round trips, outside a transaction": (4, 1),
        "round trips, inside a transaction": (6, 3),
        "list page at 1,000,000 rows": (2, 0.6),
        "count at 1,000,000 rows": (2, 0.6),
        "changes at 1,000,000 rows": (2, 0.6),
    }


def test_a_figure_on_its_floor_keeps_it() -> None:
    assert set(held(runs_with(JUST_MET)).values()) == {True}


@pytest.mark.parametrize("source", JUST_MET, ids=" ".join)
def test_each_figure_can_make_a_floor_be_missed(source: tuple[str, str]) -> None:
    assert False in held(runs_with({**JUST_MET, source: worse(source, JUST_MET[source])})).values()


@pytest.mark.parametrize("source", JUST_MET, ids=" ".join)
def test_without_one_of_its_figures_a_claim_says_nothing(source: tuple[str, str]) -> None:
    left = {other: value for other, value in JUST_MET.items() if other != source}
    found = held(runs_with(left)).values()
    assert None in found
    assert False not in found


def test_an_aim_is_further_than_its_floor() -> None:
    claim = ALL["idle memory of a socket, uvicorn"]
    at_aim = {**JUST_MET, ("idle memory of a socket", "product, uvicorn"): 62.0}
    assert claim.reaches_aim(runs_with(at_aim)) is True
    assert claim.reaches_aim(runs_with(JUST_MET)) is False


def test_the_sizes_that_floors_are_stated_for_are_those_of_a_full_run() -> None:
    storage = Storage("", "")
    assert (Sizes().most, storage.people, storage.rows) == (5_000, (10_000, 100_000), 1_000_000)


# -- what `make bench` ends with


class MadeUp:
    """A suite that starts nothing and knows its figures."""

    def __init__(self, measured: Measured, *, fails: bool = False) -> None:
        self._measured, self._fails = measured, fails

    def steps(self) -> list[Step]:
        return [("made up", self.run), ("another", lambda results: None)]

    def run(self, results: Results) -> None:
        add_all(results, self._measured)
        if self._fails:
            raise RuntimeError("one message is missing")


def run(*given: str, measured: Measured = JUST_MET, fails: bool = False) -> int:
    class Made(bench.Bench):
        def suites(self) -> dict[str, tuple[Suite, bench.Prepared]]:
            suite = MadeUp(measured, fails=fails)
            return {"serving": (suite, lambda: nullcontext(suite))}

    return bench.main(given, Made)


MISSED: Measured = {**JUST_MET, ("single send, call to socket, p50", "product, uvicorn"): 5.01}
LESS: Measured = {source: value for source, value in JUST_MET.items() if source[1] == "product"}


def test_it_ends_well_where_every_floor_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--runs=2") == 0
    assert "MISSED" not in capsys.readouterr().out


def test_a_missed_floor_fails_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--runs=2", measured=MISSED) == 1
    assert capsys.readouterr().out.count("**MISSED**") == 1


def test_a_figure_that_is_not_there_fails_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(measured=LESS) == 1
    assert "no figure" in capsys.readouterr().out


def test_who_asks_for_some_steps_is_told_of_those(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--only=MADE up", measured=LESS) == 0
    assert "no figure" not in capsys.readouterr().out
    assert run("--only=made up", measured={**LESS, ("handshakes", "product, uvicorn"): 1.0}) == 0
    assert run("--only=no such step") == 1
    assert "No step's name holds 'no such step'" in capsys.readouterr().out


def test_a_look_claims_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--quick", measured=MISSED) == 0
    assert "Floors are not claimed at this size" in capsys.readouterr().out


@pytest.mark.parametrize("given", [(), ("--quick",)])
def test_a_step_that_failed_fails_it_and_the_figures_are_shown(
    given: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*given, fails=True) == 1
    out = capsys.readouterr().out
    assert " 25,000/s |" in out
    assert "FAILED: serving: made up, run 1 of" in out


def test_the_list_names_every_step_and_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list") == 0
    assert capsys.readouterr().out == "serving: made up\nserving: another\n"
    assert bench.main(["--list", "--only=storage: reads"]) == 0
    assert capsys.readouterr().out == "storage: reads, PostgreSQL\nstorage: reads, SQLite\n"


def test_the_files_hold_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    json_file, page = tmp_path / "new" / "results.json", tmp_path / "page.md"
    assert run("--runs=3", f"--json={json_file}", f"--page={page}", measured=MISSED) == 1
    found = json.loads(json_file.read_text())
    row = {"work": BULK, "system": "product, uvicorn", "unit": "a unit", "median": 20.0, "values": [20.0] * 3}
    assert row in found["figures"]
    missed = [claim["name"] for claim in found["claims"] if claim["holds"] is False]
    assert missed == ["call to socket, p50, uvicorn"]
    assert {"date", "commit", "processor", "cores", "kernel", "python", "versions"} == found["machine"].keys()
    out, text = capsys.readouterr().out, page.read_text()
    assert text.startswith("# What a run of `make bench` showed\n")
    assert text.split("Medians of 3.\n\n")[1].strip() in out
