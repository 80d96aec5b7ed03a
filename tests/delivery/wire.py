"""A provider that keeps what it gets, and a delivery channel that leads to it, over HTTP on this machine."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from notifications.delivery.base import Channel, Message
from notifications.delivery.errors import PermanentError, TemporaryError

Answer = tuple[int, dict[str, str]]


def accept(key: str) -> Answer:
    return 200, {}


def refuse_all(key: str) -> Answer:
    return 503, {}


class Provider:
    """Counts what it was told by each key, whatever it answers. ``answer`` may also wait: its client waits, too."""

    def __init__(self) -> None:
        self.answer: Callable[[str], Answer] = accept
        self.calls: list[str] = []
        self.accepted: Counter[str] = Counter()
        self.texts: dict[str, str] = {}
        self._heard = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def until_called(self, count: int, *, seconds: float = 60.0) -> None:
        """Return when it was called so often."""
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.calls) >= count, seconds), f"only {len(self.calls)} calls"

    def until_accepted(self, count: int, *, seconds: float = 60.0) -> None:
        """Return when it has accepted so many different keys."""
        with self._heard:
            found = self._heard.wait_for(lambda: len(self.accepted) >= count, seconds)
            assert found, f"only {len(self.accepted)} accepted"

    def _hear(self, key: str, text: str) -> Answer:
        with self._heard:
            self.calls.append(key)
            self._heard.notify_all()
        status, headers = self.answer(key)
        with self._heard:
            if status == 200:
                self.accepted[key] += 1
                self.texts[key] = text
            self._heard.notify_all()
        return status, headers

    def _handler(provider) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, headers = provider._hear(self.headers["Idempotency-Key"], text)
                try:
                    self.send_response(status)
                    for name, value in {"Content-Length": "2", **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(b"ok")
                except ConnectionError:  # whoever asked was killed
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class WireChannel(Channel):
    label = "Wire"
    required_options = ("URL",)
    optional = {"TIMEOUT": 30.0}

    def open(self) -> None:
        self._connection = HTTPConnection(urlsplit(self.options["URL"]).netloc, timeout=self.options["TIMEOUT"])
        self._connection.connect()

    def close(self) -> None:
        self._connection.close()

    def send(self, message: Message, address: Any) -> str:
        text = "\n".join([message.subject, message.body])
        self._connection.request("POST", "/", text.encode(), {"Idempotency-Key": message.key})
        response = self._connection.getresponse()
        response.read()
        if response.status == 200:
            return "accepted"
        if response.status in {429, 503}:
            after = response.headers.get("Retry-After")
            raise TemporaryError(f"answered {response.status}", retry_after=float(after) if after else None)
        if response.status == 425:
            raise TemporaryError("answered 425", provider=False)
        raise PermanentError(f"answered {response.status}")
