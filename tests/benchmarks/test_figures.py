"""Runs are kept apart, ratios are taken within each, and a step that fails takes nothing along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks.figures import Results
from benchmarks.runs import MOST_TAKES, Runner, Runs, Step, Suite
from benchmarks.steadiness import SLOW, Steadiness

COST = "bulk fan-out to 5,000"
PRODUCT, TUTORIAL = (COST, "product, uvicorn"), (COST, "tutorial, uvicorn")


def runs_of(*each: dict[str, list[float]]) -> Runs:
    """By run: the microseconds of each system."""
    runs = Runs(len(each))
    for results, values in zip(runs.each, each, strict=True):
        for system, costs in values.items():
            for cost in costs:
                results.add(COST, f"{system}, uvicorn", cost, "µs")
    return runs


def test_a_ratio_is_the_median_of_the_runs_own_ratios() -> None:
    # 20, 10 and 30: the second run was slow for both, the ratio of all medians would be 400 ÷ 20 = 20.
    runs = runs_of(
        {"product": [20.0], "tutorial": [400.0]},
        {"product": [60.0], "tutorial": [600.0]},
        {"product": [10.0], "tutorial": [300.0]},
    )
    assert runs.ratio(TUTORIAL, PRODUCT) == 20.0
    assert runs.ratio(PRODUCT, TUTORIAL) == 0.05


def test_a_run_counts_once_however_often_it_has_measured() -> None:
    runs = runs_of(
        {"product": [10.0, 10.0, 100.0], "tutorial": [200.0]},
        {"product": [10.0], "tutorial": [100.0, 300.0]},
        {"product": [10.0], "tutorial": [400.0, 400.0, 400.0, 9_000.0]},
    )
    assert runs.ratio(TUTORIAL, PRODUCT) == 20.0


def test_a_run_without_one_of_the_two_has_no_ratio() -> None:
    runs = runs_of({"product": [10.0]}, {"tutorial": [1.0]}, {"product": [10.0], "tutorial": [70.0]})
    assert runs.ratio(TUTORIAL, PRODUCT) == 7.0
    assert runs_of({"product": [10.0]}, {"tutorial": [1.0]}).ratio(TUTORIAL, PRODUCT) is None


def test_nothing_is_divided_by_nothing() -> None:
    assert runs_of({"product": [0.0], "tutorial": [70.0]}).ratio(TUTORIAL, PRODUCT) is None


def test_a_median_is_of_all_values_and_figures_keep_their_order() -> None:
    runs = runs_of({"product": [1.0], "tutorial": [5.0]}, {"product": [2.0, 9.0]})
    assert runs.median(PRODUCT) == 2.0
    assert [(figure.system, figure.values) for figure in runs.figures()] == [
        ("product, uvicorn", [1.0, 2.0, 9.0]),
        ("tutorial, uvicorn", [5.0]),
    ]
    assert runs.median(("no such work", "product, uvicorn")) is None


# -- steps


class Made:
    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps

    def steps(self) -> list[Step]:
        return self._steps

    def run(self, results: Results) -> None:
        raise AssertionError("its steps are taken instead")


@contextmanager
def made(*steps: Step) -> Iterator[Suite]:
    yield Made(list(steps))


@contextmanager
def cannot_be_made() -> Iterator[Suite]:
    raise SystemExit("No compiler: install one.")
    yield


def adds(work: str, value: float = 1.0) -> Callable[[Results], None]:
    return lambda results: results.add(work, "product", value, "s")


def breaks(results: Results) -> None:
    results.add("before it broke", "product", 1.0, "s")
    raise RuntimeError("one message is missing")


def test_what_fails_leaves_what_the_others_measured(capsys: pytest.CaptureFixture[str]) -> None:
    runner = Runner(2)
    runner.measure("serving", cannot_be_made())
    runner.measure("storage", made(("first", adds("a")), ("second", breaks), ("third", adds("b"))))
    assert {figure.work: len(figure.values) for figure in runner.runs.figures()} == {
        "a": 2,
        "before it broke": 2,
        "b": 2,
    }
    assert runner.failures == [
        "serving: prepare: No compiler: install one.",
        "storage: second, run 1 of 2: one message is missing",
        "storage: second, run 2 of 2: one message is missing",
    ]
    assert "storage: third, run 2 of 2 … 0.0 s\n" in capsys.readouterr().err


def test_steps_are_taken_in_turn_within_each_run() -> None:
    taken: list[str] = []

    def note(name: str) -> Step:
        return name, lambda results: taken.append(name)

    Runner(2).measure("serving", made(note("tutorial"), note("product")))
    assert taken == ["tutorial", "product"] * 2


def test_only_wanted_steps_are_taken() -> None:
    runner = Runner(1, lambda step: "daphne" in step)
    runner.measure("serving", made(("product, uvicorn", adds("u")), ("product, daphne", adds("d"))))
    assert [figure.work for figure in runner.runs.figures()] == ["d"]


# -- a machine with neighbours


def taken(*speeds: float, values: list[float]) -> tuple[list[float], Steadiness]:
    """What counts of a step that gives these values, take after take, around which a loop takes so long."""
    steadiness, source = Steadiness(iter(speeds).__next__), iter(values)
    runner = Runner(1, steadiness=steadiness)
    runner.measure("storage", made(("sends", lambda results: adds("sends", next(source))(results))))
    assert runner.failures == []
    return [value for figure in runner.runs.figures() for value in figure.values], steadiness


def test_a_step_on_a_steady_machine_is_taken_once() -> None:
    values, steadiness = taken(1.0, SLOW, values=[5.0])
    assert (values, steadiness.taken_again, steadiness.slow_in_the_end) == ([5.0], 0, 0)


@pytest.mark.parametrize("speeds", [(1.0, 1.4, 1.0, 1.0), (1.4, 1.0, 1.0, 1.0)], ids=["after", "before"])
def test_a_step_around_which_the_machine_was_slow_is_taken_again(speeds: tuple[float, ...]) -> None:
    values, steadiness = taken(*speeds, values=[9.0, 5.0])
    assert (values, steadiness.taken_again, steadiness.slow_in_the_end) == ([5.0], 1, 0)
    assert "1000 to 1400 ms. 1 steps were taken again" in steadiness.sentence()


def test_a_machine_that_stays_slow_is_believed_in_the_end() -> None:
    speeds = [1.0, 2.0] * MOST_TAKES
    values, steadiness = taken(*speeds, values=[float(take) for take in range(MOST_TAKES)])
    assert (values, steadiness.taken_again) == ([MOST_TAKES - 1.0], MOST_TAKES - 1)
    assert steadiness.slow_in_the_end == 1
