"""Runs ``tests/js/*.test.js`` where there is a node that can."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.js.node import find_node

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(
    os.environ.get("NOTIFICATIONS_TEST_SERVICES") == "1", reason="uses no services: runs with the SQLite tests"
)


def node() -> str:
    path, why = find_node()
    return path or pytest.skip(why)


@pytest.mark.parametrize("test", sorted(HERE.glob("*.test.js")), ids=lambda path: path.name)
def test_javascript(test: Path) -> None:
    command = [node(), "--test", "--test-reporter=tap", str(test)]
    ended = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    passed = int(re.search(r"^# pass (\d+)", ended.stdout, re.MULTILINE)[1])
    assert passed > 0, "the file holds no test"
