"""Programs beside the server that take orders by lines of text and answer each with a line of JSON."""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent

# Two cores are enough to tell a server's cost from everybody else's. With one, they share it.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, OTHER_CORES = ({CORES[0]}, set(CORES[1:])) if len(CORES) > 1 else (set(CORES), set(CORES))


class Child:
    """One such program; it ends with its input, so when this process does, too."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        atexit.register(self.close)

    def read(self, seconds: float = 120.0) -> dict[str, Any]:
        """Return the next line.

        Raises:
            RuntimeError: the program ended, or said nothing for so long.
        """
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise RuntimeError(f"{self.process.args!r} said nothing for {seconds:g} s")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def tell(self, order: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()

    def ask(self, order: str, seconds: float = 120.0) -> dict[str, Any]:
        self.tell(order)
        return self.read(seconds)

    def close(self) -> None:
        if self.process.poll() is not None:
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
