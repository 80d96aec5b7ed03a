"""The one file that pages load: it is what the modules make, and small."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "notifications/static/notifications/notifications.min.js"
ESBUILD = ROOT / "node_modules/.bin/esbuild"
MOST_BYTES = 25 * 1_024  # as it travels

pytestmark = pytest.mark.skipif(
    os.environ.get("NOTIFICATIONS_TEST_SERVICES") == "1", reason="uses no services: runs with the SQLite tests"
)


def test_it_is_small() -> None:
    assert len(gzip.compress(BUNDLE.read_bytes(), 9)) <= MOST_BYTES


def test_it_was_built_from_the_modules_as_they_are(tmp_path: Path) -> None:
    if not (ESBUILD.exists() and shutil.which("npm")):
        pytest.skip(
            "SKIPPED: whether notifications.min.js is up to date needs esbuild. Install Node.js and run: npm ci"
        )
    built = tmp_path / "built.js"
    ended = subprocess.run(
        ["npm", "run", "--silent", "build"],
        cwd=ROOT,
        env={**os.environ, "OUT": str(built)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert built.read_bytes() == BUNDLE.read_bytes(), "The modules have changed. Run: make client"
