"""A node that can run this project's modules as they are."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache

OLDEST = (20, 19)  # the first that takes .js files with imports for modules without being told


@cache
def find_node() -> tuple[str | None, str]:
    """The path of a node that is new enough, or None; and why it was chosen, or what is missing.

    Looked for on the PATH, then in the wheel of Playwright, which brings one.
    """
    seen = []
    for path, place in _candidates():
        version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        if tuple(map(int, re.findall(r"\d+", version)[:2])) >= OLDEST:
            return path, f"node {version.strip()} {place}"
        seen.append(f"{version.strip()} {place}")
    found = f"found {', '.join(seen)}" if seen else "there is none on the PATH, and no Playwright with one"
    return None, f"SKIPPED: the JavaScript tests need node {'.'.join(map(str, OLDEST))} or newer; {found}"


def _candidates() -> Iterator[tuple[str, str]]:
    if path := shutil.which("node"):
        yield path, "on the PATH"
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        return
    yield compute_driver_executable()[0], "from Playwright"
