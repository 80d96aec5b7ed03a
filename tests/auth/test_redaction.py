"""The key is in no log, whatever server, log level and place it was sent in."""

from __future__ import annotations

import base64
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from notifications.observability.logs import LOGGERS, RedactKeys, install_redaction, redact
from tests.processes import end, launch, wait_until_ready
from tests.servers import ROOT, database_url, free_port

KEY = "secret123"
ISSUED = "ntf_AbCd_-12_" + "s" * 43
ENCODED = base64.urlsafe_b64encode(KEY.encode()).decode()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET /ws?user_id=1&api_key=secret HTTP/1.1", "GET /ws?user_id=1&api_key=[redacted] HTTP/1.1"),
        ("/ws?api_key=secret&user_id=1", "/ws?api_key=[redacted]&user_id=1"),
        ("/ws?api%5Fkey=secret", "/ws?api%5Fkey=[redacted]"),
        ("/ws?API_KEY=se'cr\"et&a=1", "/ws?API_KEY=[redacted]&a=1"),
        ("/ws?key=secret", "/ws?key=[redacted]"),
        ("'query_string': b'api_key=secret', 'path'", "'query_string': b'api_key=[redacted] 'path'"),
        ("X-API-Key: secret", "X-API-Key: [redacted]"),
        ("(b'x-api-key', b'sec ret'), (b'a', b'b')", "(b'x-api-key', [redacted]), (b'a', b'b')"),
        ("{'HTTP_X_API_KEY': 'secret', 'A': 'b'}", "{'HTTP_X_API_KEY': [redacted], 'A': 'b'}"),
        ("Authorization: Api-Key secret", "Authorization: Api-Key [redacted]"),
        ("(b'authorization', b'Api-Key secret')", "(b'authorization', b'Api-Key [redacted]')"),
        ("notifications.v2, key.c2VjcmV0MTIz", "notifications.v2, key.[redacted]"),
        (f"wrong key {ISSUED}.", "wrong key [redacted]."),
    ],
)
def test_what_is_hidden(text, clean):
    assert redact(text) == clean
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "GET /api-key?page=1&monkey=2&session_key_id=3 HTTP/1.1",
        "Authorization: Bearer abc",
        "/etc/ssl/key.json key.pem",
        "no such table: ntf_notification, ntf_api_key",
        "x-api-key is missing",
    ],
)
def test_what_is_not(text):
    assert redact(text) == text


def passed(message: object, *args: object, name: str = "uvicorn.error", **given: object) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.INFO, __file__, 1, message, args, given.get("exc_info"))
    assert RedactKeys().filter(record) is True
    return record


def test_the_arguments_of_uvicorns_access_log_stay_five():
    record = passed('%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/?api_key=x", "1.1", 200, name="uvicorn.access")
    assert record.args == ("1.2.3.4:5", "GET", "/?api_key=[redacted]", "1.1", 200)
    odd = passed('%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/x-api-key:", "1.1", 200, name="uvicorn.access")
    assert len(odd.args) == 5


def test_arguments_by_name():
    details = {"path": "/?api_key=x", "status": 200}
    record = passed("HTTP %(path)s %(status)d", details)
    assert record.getMessage() == "HTTP /?api_key=[redacted] 200"
    assert details["path"] == "/?api_key=x"


@pytest.mark.parametrize(
    ("message", "args", "clean"),
    [
        ("< %s: %s", ("X-API-Key", "secret"), "< X-API-Key: [redacted]"),
        ("/?api_key=100%", (), "/?api_key=[redacted]"),
        ("%r", (b"/?api_key=x",), "b'/?api_key=[redacted]'"),
        (ValueError("/?api_key=x"), (), "/?api_key=[redacted]"),
        ("%s", (ValueError("/?api_key=x"),), "/?api_key=[redacted]"),
        ("100% of %s", ("it",), None),
    ],
)
def test_messages_of_every_form(message, args, clean):
    record = passed(message, *args)
    if clean is None:  # a mistake of the caller's stays as it was
        assert (record.msg, record.args) == (message, args)
    else:
        assert record.getMessage() == clean


def test_the_text_of_an_exception():
    try:
        raise RuntimeError("/?api_key=secret")
    except RuntimeError:
        record = passed("failed", exc_info=sys.exc_info())
    printed = logging.Formatter().format(record)
    assert printed.endswith("RuntimeError: /?api_key=[redacted]")


def test_installing_twice_adds_one_filter():
    install_redaction()
    install_redaction()
    for name in LOGGERS:
        assert sum(isinstance(each, RedactKeys) for each in logging.getLogger(name).filters) == 1, name


# Each as talkative as it can be.
SERVERS = {
    "uvicorn": ["uvicorn", "--ws", "websockets-sansio", "--log-level", "trace"],
    "uvicorn, older protocol": ["uvicorn", "--ws", "websockets", "--log-level", "trace"],
    "daphne": ["daphne", "-v", "2"],
    "runserver": ["django", "runserver", "--noreload", "-v", "3"],
}


@contextmanager
def serving(command: list[str], log: Path) -> Iterator[str]:
    port = free_port()
    if "runserver" in command:
        settings, place = "tests.auth.runserver", [f"127.0.0.1:{port}"]
    else:
        settings, place = "tests.settings", ["tests.auth.asgi:application", "--port", str(port)]
    given = {"PYTHONUNBUFFERED": "1", "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": settings}
    process = launch([sys.executable, "-m", *command, *place], log=log, env={**os.environ, **given}, cwd=ROOT)

    def accepts() -> bool:
        with socket.socket() as attempt:
            return attempt.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until_ready(process, accepts, log=log)
        yield f"127.0.0.1:{port}"
    finally:
        end(process)


def send_the_key_everywhere(place: str) -> None:
    headers = {"X-API-Key": KEY, "Authorization": f"Api-Key {KEY}"}
    query = f"?user_id=1&api_key={KEY}"
    for path in ("/page", "/broken"):
        httpx.get(f"http://{place}{path}{query}", headers=headers)
    subprotocols = [Subprotocol("notifications.v2"), Subprotocol(f"key.{ENCODED}")]
    for path in ("/accepted", "/refused", "/broken"):
        with (
            suppress(InvalidStatus),
            connect(f"ws://{place}{path}{query}", additional_headers=headers, subprotocols=subprotocols),
        ):
            pass
    httpx.get(f"http://{place}/page?a={ISSUED}")


@pytest.mark.parametrize("server", SERVERS)
def test_no_server_prints_a_key(server, transactional_db, tmp_path):
    log = tmp_path / "server.log"
    with serving(SERVERS[server], log) as place:
        send_the_key_everywhere(place)
    printed = log.read_text()
    assert KEY not in printed
    assert ENCODED not in printed
    assert ISSUED not in printed
    # What it prints of a request, it still prints: nothing was hidden by printing nothing.
    assert "?user_id=1&api_key=[redacted]" in printed
