"""Runs ``tests/js/*.test.js`` where there is a node that can."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(
    os.environ.get("NOTIFICATIONS_TEST_SERVICES") == "1", reason="uses no services: runs with the SQLite tests"
)
OLDEST = (20, 19)  # the first that takes .js files with imports for modules without being told


def node() -> str:
    path = shutil.which("node")
    if path is None:
        pytest.skip("SKIPPED: the JavaScript tests need node 20.19 or newer, and there is no node on the PATH")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    found = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if found < OLDEST:
        pytest.skip(f"SKIPPED: the JavaScript tests need node 20.19 or newer, and this one is {version.strip()}")
    return path


@pytest.mark.parametrize("test", sorted(HERE.glob("*.test.js")), ids=lambda path: path.name)
def test_javascript(test: Path) -> None:
    command = [node(), "--test", "--test-reporter=tap", str(test)]
    ended = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    passed = int(re.search(r"^# pass (\d+)", ended.stdout, re.MULTILINE)[1])
    assert passed > 0, "the file holds no test"
