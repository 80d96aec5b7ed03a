"""axe-core, as the package axe-playwright-python brings it. It runs by the debugger's door, so under any policy."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MISSING = "SKIPPED: the accessibility tests need axe: .venv/bin/pip install axe-playwright-python"

RUN = """async within => {
  const answer = await axe.run(within ?? document, { resultTypes: ["violations"] })
  return answer.violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help,
    nodes: nodes.map(node => ({ target: node.target, html: node.html, why: node.failureSummary })),
  }))
}"""


@cache
def _source() -> str:
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip(MISSING)
    return (Path(spec.origin).parent / "axe.min.js").read_text()


def violations(page: Any, within: str | None = None) -> list[dict[str, Any]]:
    """What axe finds on the page, or inside of the element with this selector, with all its rules on."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(f"{_source()}; undefined")
    return page.evaluate(RUN, within)


def assert_none(page: Any, within: str | None = None, *, where: str = "") -> None:
    found = violations(page, within)
    assert not found, f"{where}\n{json.dumps(found, indent=1, ensure_ascii=False)}"
