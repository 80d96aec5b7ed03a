"""Finding and starting Chromium: Debian's, or the one that Playwright has installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

MISSING = (
    "SKIPPED: the browser tests need Chromium. `apt-get install chromium`, or `.venv/bin/playwright install chromium`, "
    "or name one: CHROMIUM=/path/to/chromium"
)

# Playwright keeps an event loop running in this thread, where Django refuses the ORM. Nobody else awaits here.
ALLOW_ORM = ("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def find_chromium(playwright: Any) -> str | None:
    """The path of a Chromium: ``CHROMIUM``, one on the PATH, or what ``playwright install`` has fetched."""
    if path := os.environ.get("CHROMIUM"):
        return path
    if path := next(filter(None, map(shutil.which, NAMES)), None):
        return path
    installed = playwright.chromium.executable_path
    return installed if Path(installed).exists() else None


def launch(playwright: Any, **options: Any) -> Any:
    """The browser, or None where there is none."""
    path = find_chromium(playwright)
    return path and playwright.chromium.launch(executable_path=path, args=QUIET, **options)
