"""A server's own parser failing at a client's bytes is one line in the log; whatever else fails keeps its traceback."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

import pytest

from notifications.observability.client_errors import LOGGERS, OneLine, install_one_line

UVICORN = {"__name__": "uvicorn.protocols.websockets.websockets_sansio_impl"}


def record_of(code: str, module: dict[str, Any]) -> logging.LogRecord:
    """What is logged when this code fails in that module, called from here."""
    try:
        exec(code, dict(module))
    except Exception:
        return logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "Failed.", (), sys.exc_info())
    raise AssertionError("it should fail")


def test_what_uvicorns_parser_raises_is_one_line():
    record = record_of("b'\\xff'.decode()", UVICORN)
    assert OneLine().filter(record)
    assert logging.Formatter().format(record) == "Failed."


@pytest.mark.parametrize(
    ("code", "module"),
    [
        ("b'\\xff'.decode()", {"__name__": "somebody.consumers"}),
        ("1 / 0", UVICORN),
        # An application's error passes through uvicorn's frames.
        ("call()", {**UVICORN, "call": lambda: b"\xff".decode()}),
    ],
)
def test_any_other_error_keeps_its_traceback(code, module):
    record = record_of(code, module)
    assert OneLine().filter(record)
    assert "Traceback" in logging.Formatter().format(record)


def test_a_traceback_that_daphne_logs_as_its_message_becomes_the_last_line():
    try:
        b"\xff".decode("ascii")
    except UnicodeDecodeError:
        text = traceback.format_exc()
    record = logging.LogRecord("daphne.ws_protocol", logging.ERROR, "", 0, text, (), None)
    assert OneLine().filter(record)
    assert record.getMessage().startswith("UnicodeDecodeError: 'ascii' codec")


def test_installing_twice_adds_one_filter():
    install_one_line()
    install_one_line()
    for name in LOGGERS:
        assert sum(isinstance(each, OneLine) for each in logging.getLogger(name).filters) == 1, name
