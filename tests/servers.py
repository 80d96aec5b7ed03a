"""The site in a server process of its own, on the very database the test writes to."""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote, urlsplit

from django.db import connection

from tests.processes import end, launch, scratch_folder, wait_until_ready

ROOT = Path(__file__).resolve().parent.parent
Kind = Literal["uvicorn", "daphne"]

_numbers = itertools.count(1)
_log_folder = cache(scratch_folder)


@dataclass
class Site:
    """uvicorn or daphne with ``project.asgi``; stopped or killed, it starts again on the same port.

    `env` is added to the test's own environment; a value of None removes the variable. Close a test's own
    sockets before `terminate()`, or uvicorn waits for them up to 5 s.
    """

    kind: Kind = "uvicorn"
    env: dict[str, str | None] = field(default_factory=dict)
    application: str = "project.asgi:application"
    expect_tracebacks: bool = False
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.log = _log_folder() / f"{next(_numbers)}-{self.kind}.log"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> Self:
        """Return when the port accepts connections.

        Raises:
            DidNotStart: with the end of the server's log.
        """
        assert not self.running, f"{self} is running already"
        self.process = launch(self._command(), log=self.log, env=self._environment(), cwd=ROOT)
        self.wait()
        return self

    def wait(self) -> None:
        """Return when the port accepts connections."""
        assert self.process, f"{self} was never started"
        wait_until_ready(self.process, self._accepts, log=self.log)

    def terminate(self) -> None:
        """As a deployment would: SIGTERM, then wait until the process has ended."""
        assert self.process, f"{self} was never started"
        end(self.process)

    def kill(self) -> None:
        """As a crash would: SIGKILL."""
        assert self.process, f"{self} was never started"
        end(self.process, signal.SIGKILL)

    def stop(self) -> None:
        if self.running:
            self.terminate()

    def read_log(self) -> str:
        """What all starts of this server have printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _command(self) -> list[str]:
        python = [sys.executable, "-m", self.kind]
        if self.kind == "daphne":
            return [*python, "-b", "127.0.0.1", "-p", str(self.port), self.application]
        options = ["--ws", "websockets-sansio", "--lifespan", "auto", "--timeout-graceful-shutdown", "5"]
        return [*python, self.application, "--host", "127.0.0.1", "--port", str(self.port), *options]

    def _environment(self) -> dict[str, str]:
        env = {**os.environ, "PYTHONUNBUFFERED": "1", "DATABASE_URL": database_url(), **self.env}
        return {name: value for name, value in env.items() if value is not None}

    def _accepts(self) -> bool:
        with socket.socket() as attempt:
            return attempt.connect_ex(("127.0.0.1", self.port)) == 0


def database_url() -> str:
    """``DATABASE_URL`` of the database that pytest-django made for this run."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(name)}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}").geturl()


def free_port() -> int:
    """A port below the range from which the kernel takes the ports of outgoing connections.

    In that range a client could be given the port while its server is down, and block the restart.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 20000 and 30000")
