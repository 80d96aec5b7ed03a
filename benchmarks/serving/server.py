"""A server process on a core of its own, and what it used of it."""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from benchmarks.children import ROOT, SERVER_CORES
from tests.processes import end, launch, scratch_folder, wait_until_ready
from tests.servers import free_port

Kind = Literal["uvicorn", "daphne"]
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
APPLICATION = "benchmarks.serving.watched:application"


class Server:
    """uvicorn or daphne as one would run it, without access log."""

    def __init__(self, kind: Kind, application: str, env: Mapping[str, str]) -> None:
        self.kind, self.port = kind, free_port()
        self.log = scratch_folder() / "server.log"
        env = {**os.environ, **env, "BENCHMARK_APPLICATION": application}
        self.process = launch(self._command(), log=self.log, env=env, cwd=ROOT)
        os.sched_setaffinity(self.process.pid, SERVER_CORES)
        wait_until_ready(self.process, self._accepts, log=self.log)

    def _command(self) -> list[str]:
        if self.kind == "daphne":
            options = ["-b", "127.0.0.1", "-p", str(self.port), "-v", "0"]
            return [sys.executable, "-m", "daphne", *options, APPLICATION]
        options = ["--ws", "websockets-sansio", "--no-access-log", "--backlog", "4096", "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", APPLICATION, "--port", str(self.port), *options]

    def _accepts(self) -> bool:
        with socket.socket() as attempt:
            return attempt.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def cpu_seconds(self) -> float:
        """Of all threads so far; to the nanosecond, where ``times`` would count hundredths."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES

    def stop(self) -> None:
        end(self.process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
