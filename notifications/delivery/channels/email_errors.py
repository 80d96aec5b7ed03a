"""What a mail server's refusal says about this message, and about those after it."""

from __future__ import annotations

import re
import smtplib

from ..errors import DeliveryError, PermanentError, TemporaryError

CLOSING = 421  # "service not available, closing transmission channel"
TOO_LARGE = 552
FIRST_PERMANENT = 500
LONGEST = 500  # characters

# RFC 3463: 5.1.x is the address, of which .7 and .8 are the sender's; 5.2.x the mailbox; 5.7.x security and policy.
_MAILBOX = re.compile(r"5\d\d[ -]5\.(1\.(?![78]\b)|2\.)\d|.*(user unknown|unknown user|no such user)", re.I | re.S)
_OF_THE_SITE = re.compile(r"530 |5\d\d[ -]5\.(7\.|1\.[78]\b)|5.*(not verified|not authori[sz]ed|\brelay)", re.I | re.S)


def hung_up(error: BaseException) -> bool:
    """Whether the connection is of no use any more."""
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return True
    return isinstance(error, smtplib.SMTPServerDisconnected) or _code(error) == CLOSING


def classify(error: Exception) -> DeliveryError:
    """The error as the outbox knows it.

    Only what is about the recipient or this very message is final. A password that is wrong, a sender that the server
    does not accept, or a site that may not send there, would throw away everybody's messages: these wait until it is
    mended.
    """
    text = _text(error)
    match error:
        case DeliveryError():
            return error
        case smtplib.SMTPRecipientsRefused():
            if _is_about_the_site(text):
                return TemporaryError(text)
            if _code(error) >= FIRST_PERMANENT:
                return PermanentError(text)
            return TemporaryError(text, provider=_code(error) == CLOSING)
        case smtplib.SMTPSenderRefused():
            return PermanentError(text) if _code(error) == TOO_LARGE else TemporaryError(text)
        case smtplib.SMTPDataError():
            if _is_about_the_site(text):
                return TemporaryError(text)
            return PermanentError(text) if _code(error) >= FIRST_PERMANENT else TemporaryError(text)
        case ValueError():
            return PermanentError(text)
        case smtplib.SMTPNotSupportedError() if "SMTPUTF8" in text:  # the address has letters that it does not know
            return PermanentError(text)
        case _:
            return TemporaryError(text)


def _is_about_the_site(text: str) -> bool:
    """Whether the server refuses whoever sends: everybody's messages would go the same way."""
    return bool(_OF_THE_SITE.match(text) and not _MAILBOX.match(text))


def _code(error: BaseException) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _answer in error.recipients.values()), default=0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _text(error: Exception) -> str:
    """The server's own words; the address, which may be in them, is not added."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        text = "; ".join(f"{code} {_decoded(answer)}" for code, answer in error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        text = f"{error.smtp_code} {_decoded(error.smtp_error)}"
    elif isinstance(error, TimeoutError):
        text = "The mail server did not answer in time."
    else:
        text = f"{type(error).__name__}: {error}"
    return text[:LONGEST]


def _decoded(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
