"""A server that tests start, stop and kill."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
from pathlib import Path
from typing import NoReturn, Self

import pytest

from tests.processes import end


class Service:
    """A server that a test may start, stop, kill and start again under the same `url`."""

    url: str
    source: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        if self.process:
            end(self.process)

    def kill(self) -> None:
        """As a crash would: SIGKILL."""
        assert self.process, f"{self.source} was never started"
        end(self.process, signal.SIGKILL)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


class External(Service):
    """A server that somebody else runs. It is never stopped from here."""

    running = True

    def __init__(self, url: str, source: str) -> None:
        self.url, self.source = url, source

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> NoReturn:
        pytest.skip(f"{self.source} names a server that is not ours to kill. Unset it to run this test.")


def wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
