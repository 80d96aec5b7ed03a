"""Keys stay out of the servers' logs, which print whole URLs and, when debugging, whole headers."""

from __future__ import annotations

import logging
import re
import sys
from copy import copy
from typing import Any
from urllib.parse import unquote

REDACTED = "[redacted]"

# A filter on a logger does not reach its children, so each that may print a request is named.
LOGGERS = (
    "asyncio",
    "daphne",
    "daphne.access",
    "daphne.cli",
    "daphne.http_protocol",
    "daphne.server",
    "daphne.ws_protocol",
    "django.channels.server",
    "django.request",
    "django.server",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.asgi",
    "uvicorn.error",
    "websockets.server",
)

_SECRET_PARAMETERS = {"api_key", "key"}
_PARAMETER = re.compile(r"(?<![\w%.-])([\w%.-]+)=(\[redacted\]|[^&\s]+)")
_SECRETS = (
    # X-API-Key: …, "X-API-Key": "…", (b"x-api-key", b"…"), HTTP_X_API_KEY
    (
        re.compile(r"(x[-_]api[-_]key['\"]?\s*[:,=]\s*)(?!\[redacted)(?:b?(['\"]).*?\2|\S+)", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    # Authorization: Api-Key …
    (
        re.compile(r"(authorization['\"]?\s*[:,=]\s*(?:b?['\"])?api-key\s+)[^\s'\"]+", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    # Sec-WebSocket-Protocol: key.<base64url>; four characters at least, or key.pem would be one
    (re.compile(r"(?<![\w./-])(key\.)[\w-]{4,}=*"), rf"\1{REDACTED}"),
    # the text of an ApiKey, wherever it stands
    (re.compile(r"ntf_[A-Za-z0-9_-]{8}_[A-Za-z0-9_-]{20,}"), REDACTED),
)


def redact(text: str) -> str:
    """The text with every key in it replaced; applied twice it is the same as once."""
    text = _PARAMETER.sub(_redact_parameter, text)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RedactKeys(logging.Filter):
    """Lets every record pass, without the keys in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.args:
            record.args = _redact_value(record.args)
        # uvicorn's access formatter unpacks the arguments, so these must stay five.
        if record.name != "uvicorn.access":
            _redact_message(record)
        if record.exc_info:
            _redact_traceback(record)
        return True


def install_redaction() -> None:
    """Put the filter on the loggers of uvicorn, daphne and Django's own servers. Twice is once."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(present, RedactKeys) for present in logger.filters):
            logger.addFilter(RedactKeys())
    _redact_access_log_of_daphne()


def _redact_access_log_of_daphne() -> None:
    """``daphne --access-log`` and ``-v 1`` write to a stream, around logging: there is no filter to add.

    Only in daphne's own process: nothing is imported for it.
    """
    module = sys.modules.get("daphne.access")
    generator = getattr(module, "AccessLogGenerator", None)
    write_entry = getattr(generator, "write_entry", None)
    if write_entry is None or hasattr(write_entry, "redacts_keys"):
        return

    def write_redacted(self: Any, host: Any, date: Any, request: str, *args: Any, **kwargs: Any) -> None:
        write_entry(self, host, date, redact(request), *args, **kwargs)

    write_redacted.redacts_keys = True  # type: ignore[attr-defined]
    generator.write_entry = write_redacted  # type: ignore[union-attr]


def _redact_parameter(match: re.Match[str]) -> str:
    # The server decodes the name too: api%5Fkey is api_key.
    name = match[1]
    return f"{name}={REDACTED}" if unquote(name).lower() in _SECRET_PARAMETERS else match[0]


def _redact_message(record: logging.LogRecord) -> None:
    """Name and value may be two arguments, ``("< %s: %s", "X-API-Key", "…")``, or hide in an object's text."""
    try:
        message = record.getMessage()
    except Exception:  # a wrong format is for the handler to report: it knows where the call stands
        return
    clean = redact(message)
    if clean != message:
        record.msg, record.args = clean, ()


def _redact_traceback(record: logging.LogRecord) -> None:
    """An exception's text may quote the whole scope. Formatters use ``exc_text`` where there is one."""
    text = logging.Formatter().formatException(record.exc_info)  # type: ignore[arg-type]
    clean = redact(text)
    if clean != text:
        record.exc_text, record.exc_info = clean, None


def _redact_value(value: Any) -> Any:
    """The same without keys, and of the same type: formatters and ``%`` formats depend on it."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return redact(value.decode("latin-1")).encode("latin-1")
    if type(value) is tuple:
        return tuple(_redact_value(item) for item in value)
    if isinstance(value, dict):
        clean = copy(value)
        clean.update((name, _redact_value(item)) for name, item in value.items())
        return clean
    return value
