"""Between Django and PostgreSQL: counts how often a client had to wait for an answer."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

READY_FOR_QUERY = b"Z"
HEADER = struct.Struct("!cI")


class CountingProxy:
    """Listens on a socket of its own in ``folder``; ``round_trips`` is the caller's to reset."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        host, port = unquote(parts.netloc).rpartition("@")[2].rsplit(":", 1)
        if not host.startswith("/"):
            raise ValueError("round trips are counted on a UNIX socket only")
        self._server = str(Path(host) / f".s.PGSQL.{port}")
        self.url = parts._replace(netloc=f"postgres@{quote(str(folder), safe='')}:{port}").geturl()
        self.round_trips = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{port}"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            threading.Thread(target=_copy, args=[client, server], daemon=True).start()
            threading.Thread(target=self._count, args=[server, client], daemon=True).start()

    def _count(self, server: socket.socket, client: socket.socket) -> None:
        """Pass on what the server says. It is ready for the next query once per answer, and the client waits for it."""
        waiting = b""
        with server, client:
            while data := _receive(server):
                waiting += data
                while len(waiting) >= HEADER.size:
                    kind, size = HEADER.unpack_from(waiting)
                    if len(waiting) < 1 + size:
                        break
                    # Counted before it is passed on: the client may be done with it at once.
                    self.round_trips += kind == READY_FOR_QUERY
                    waiting = waiting[1 + size :]
                client.sendall(data)


def _copy(source: socket.socket, to: socket.socket) -> None:
    while data := _receive(source):
        to.sendall(data)
    to.shutdown(socket.SHUT_WR)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65_536)
    except OSError:
        return b""  # closed from the other side
