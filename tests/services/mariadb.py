"""A real MariaDB. It and its driver come from the system: neither is on the package index for every Linux."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from tests.processes import launch, scratch_folder, wait_until_ready

from .base import External, Service

NO_MARIADB = (
    "No MariaDB: on Debian and Ubuntu `apt install mariadb-server-core mariadb-client-core libmariadb-dev pkg-config"
    " gcc python3-dev`, or set TEST_MARIADB_URL; `make test-mariadb` then builds its driver, mysqlclient."
)
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


class MariaDb(Service):
    """MariaDB on a socket only, and forgetful: `kill()` may lose the commits of the last second.

    The isolation level, the collation and the lock timeout are those that a host's server has if nobody changes them.
    """

    SETTINGS = (
        "--skip-networking",
        "--max-connections=400",
        "--character-set-server=utf8mb4",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=0",
        "--innodb-log-file-size=64M",
        "--innodb-fast-shutdown=2",
    )

    def __init__(self, server: Path, installer: Path) -> None:
        self.server, self.installer, self.source = server, installer, str(server)
        self.folder = scratch_folder()
        self.home = self.folder / "mariadb"
        self.socket = self.home / "mariadb.sock"
        self.url = f"mysql://root@/mysql?unix_socket={quote(str(self.socket))}"
        # It refuses to be root unless it is told so.
        self.options = ["--no-defaults", f"--datadir={self.home / 'data'}", *(["--user=root"] * (os.geteuid() == 0))]

    def start(self) -> None:
        if not self.home.exists():
            self._create()
        log = self.folder / "mariadb.log"
        files = [f"--socket={self.socket}", f"--pid-file={self.home / 'mariadb.pid'}"]
        self.process = launch([self.server, *self.options, *files, *self.SETTINGS], log=log, cwd=self.home)
        wait_until_ready(self.process, self._answers, log=log)

    def _create(self) -> None:
        self.home.mkdir(mode=0o700)
        log = self.folder / "install-db.log"
        install = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        process = launch([self.installer, *self.options, *install], log=log, cwd=self.home)
        if process.wait() != 0:
            raise RuntimeError(f"{self.installer} failed:\n{log.read_text()}")

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self.socket))
                return connection.recv(5)[4:] == b"\x0a"  # the greeting of protocol 10; an error begins with 0xff
        except OSError:
            return False


def find_mariadb() -> Service | None:
    """``None`` also where there is a server and no driver, since Django could not speak to it."""
    if importlib.util.find_spec("MySQLdb") is None:
        return None
    if url := os.environ.get("TEST_MARIADB_URL"):
        return External(url, "TEST_MARIADB_URL")
    server = shutil.which("mariadbd", path=SEARCH_PATH) or shutil.which("mysqld", path=SEARCH_PATH)
    installer = shutil.which("mariadb-install-db", path=SEARCH_PATH)  # MySQL's mysqld has none, and is another database
    # Debian packs the installer with the server, and what it calls with the client.
    if server and installer and shutil.which("my_print_defaults", path=SEARCH_PATH):
        return MariaDb(Path(server), Path(installer))
    return None
