"""``tsc --checkJs --strict`` over every module that the package serves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.js.node import find_node

ROOT = Path(__file__).resolve().parent.parent.parent
TSC = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
STATIC = ROOT / "notifications" / "static"

pytestmark = pytest.mark.skipif(
    os.environ.get("NOTIFICATIONS_TEST_SERVICES") == "1", reason="uses no services: runs with the SQLite tests"
)


def tsc(*arguments: str) -> subprocess.CompletedProcess[str]:
    if not TSC.exists():
        pytest.skip("SKIPPED: the types of the JavaScript are checked by TypeScript: npm ci")
    node, why = find_node()
    if node is None:
        pytest.skip(why)
    command = [node, str(TSC), "--project", "tsconfig.json", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_types_are_right() -> None:
    ended = tsc()
    assert ended.returncode == 0, ended.stdout


def test_every_module_is_looked_at() -> None:
    listed = {Path(line).resolve() for line in tsc("--listFilesOnly").stdout.splitlines()}
    assert {path for path in STATIC.rglob("*.js") if not path.name.endswith(".min.js")} <= listed
