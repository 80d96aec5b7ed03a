"""A client's nonsense must not fill the log: servers print a traceback for bytes that their own parsers do not take."""

from __future__ import annotations

import logging

# uvicorn: a text frame that is not UTF-8. daphne: a header of the handshake that is not ASCII, as a message.
LOGGERS = ("uvicorn.error", "daphne.ws_protocol")

_PARSERS = "uvicorn.protocols.websockets."
_TRACEBACK = "Traceback (most recent call last)"


class OneLine(logging.Filter):
    """Lets every record pass; of what a client's bytes made a server's own parser raise, without the traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and _is_of_a_parser(error):
            record.exc_info = record.exc_text = None
        elif isinstance(record.msg, str) and record.msg.startswith(_TRACEBACK):
            record.msg, record.args = record.msg.strip().splitlines()[-1], ()
        return True


def install_one_line() -> None:
    """Put the filter on the loggers. Twice is once."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(present, OneLine) for present in logger.filters):
            logger.addFilter(OneLine())


def _is_of_a_parser(error: BaseException) -> bool:
    """Raised by it, not merely passed through: an application's own error has its frames above it, too."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    return (
        isinstance(error, UnicodeDecodeError)
        and where is not None
        and str(where.tb_frame.f_globals.get("__name__")).startswith(_PARSERS)
    )
