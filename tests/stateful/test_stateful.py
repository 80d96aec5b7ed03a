"""Whatever is done to an inbox, in whatever order: its devices end with what the database has, and never showed a
wrong count, a double or a gap on the way.

100 examples, the same in every run; with ``LONG=1`` 1,000, others each time, and as many again on daphne; with
``EXAMPLES=20`` so many. A failure tells the fewest steps that lead to it, and hypothesis prints how to repeat just
these: put the decorator that it names on ``Inboxes``.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.js.node import find_node
from tests.servers import Kind
from tests.stateful.machine import Inboxes
from tests.stateful.minutes import minutes_kept
from tests.stateful.stage import IN_THE_TEST, Stage

LONG = os.environ.get("LONG") == "1"
EXAMPLES = int(os.environ.get("EXAMPLES") or (1_000 if LONG else 100))
STEPS = 28
HISTORIES = Path(__file__).parent.parent / "js" / "histories.js"


@pytest.fixture(params=["uvicorn", "daphne"] if LONG else ["uvicorn"])
def stage(request: pytest.FixtureRequest, transactional_db: None, tmp_path: Path) -> Iterator[Stage]:
    kind: Kind = request.param
    histories = tmp_path / "histories.jsonl"
    with minutes_kept(), override_settings(NOTIFICATIONS=IN_THE_TEST), Stage(kind, histories) as stage:
        yield stage
    histories.unlink(missing_ok=True)  # hundreds of megabytes, after a long run
    assert "Traceback" not in stage.site.read_log(), stage.site.read_log()


@pytest.mark.timeout(7_200)
def test_devices_always_show_what_the_database_has(stage: Stage, capsys: Any, caplog: Any) -> None:
    class OnThisStage(Inboxes):
        pass

    OnThisStage.stage = stage
    caplog.set_level("WARNING", "notifications")
    started = time.monotonic()
    run_state_machine_as_test(
        OnThisStage,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=not LONG,
            print_blob=True,
            report_multiple_bugs=False,
            phases=[Phase.generate] if os.environ.get("NO_SHRINK") else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    said = f"{stage.summary}; {time.monotonic() - started:.0f} s, on {stage.site.kind} and {connection.vendor}"
    with capsys.disabled():
        print(f"\n{said}")
        print(_show_to_the_store(stage))


def _show_to_the_store(stage: Stage) -> str:
    """Run the JavaScript store through the same histories."""
    path, why = find_node()
    if path is None:
        pytest.skip(why)
    command = [path, str(HISTORIES), str(stage.histories)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=1_200, check=False)
    assert ended.returncode == 0, f"The JavaScript store shows something else.\n{ended.stderr}"
    seen = json.loads(ended.stdout)
    assert seen["histories"] == stage.tally["histories"] > 0
    return f"The JavaScript store showed the same in {seen['histories']} histories of {seen['frames']} frames; {why}"
