"""``manage.py notifications_worker`` in a process of its own, on the database of the test."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any, Self

from tests.processes import end, launch, scratch_folder
from tests.servers import ROOT, database_url

_numbers = itertools.count(1)
_folder = cache(scratch_folder)


class WorkerProcess:
    """Started when it is made; killed when the block ends, if it still runs."""

    def __init__(self, *arguments: str, command: str = "notifications_worker", **notifications: Any) -> None:
        self.log = _folder() / f"{next(_numbers)}-worker.log"
        env = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": database_url(),
            "TEST_NOTIFICATIONS": json.dumps(notifications),
        }
        line: list[str | Path] = [sys.executable, "manage.py", command, *arguments]
        self.process = launch(line, log=self.log, env=env, cwd=ROOT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """As a crash would."""
        end(self.process, signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self, *, seconds: float = 60.0) -> int:
        """Wait until it ends by itself, and return how."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs:\n{self.text}") from None

    def until_logged(self, message: str, *, seconds: float = 30.0) -> None:
        """Return when it has logged this."""
        end = time.monotonic() + seconds
        while f'"message": "{message}"' not in self.text:
            assert time.monotonic() < end, self.text
            time.sleep(0.02)  # a file tells nobody that it has grown

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")
