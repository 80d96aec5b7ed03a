"""E-mail, by whatever Django's own mail is set up with: text and HTML, unsubscribed from by one click."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from contextlib import suppress
from email.utils import getaddresses, parseaddr
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.utils.translation import gettext_lazy as _

from ...conf import conf
from ...types import Priority
from ..base import Channel, Message
from ..errors import PermanentError, TemporaryError
from .email_checks import check_mail, make_backend
from .email_errors import classify, hung_up
from .email_headers import LinkedEmail
from .email_parts import html_of, text_of

MOST_OF_AN_ANSWER = 500  # characters


class EmailChannel(Channel):
    """The connection is kept from one message to the next, as long as the worker has any."""

    label = _("E-mail")
    answer_is_public = True  # the mail server's line, by which its operator finds the message
    optional: ClassVar[Mapping[str, Any]] = {
        "FROM": "",  # DEFAULT_FROM_EMAIL
        "REPLY_TO": "",
        "SUBJECT_PREFIX": "",
        "SITE_NAME": "",  # the host of SITE_URL
        "MAILER": "default",  # of MAILERS, from Django 6.1 on
    }

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(name, options)
        self._backend: Any = None
        self._was_used = False  # for a message that was sent
        self._is_kept = False
        self._is_handed_over = False  # the server may have the message, whatever it says
        self._replies: list[str] = []

    @property
    def address_lookup(self) -> str:
        """By default the field that the user model itself calls its e-mail."""
        model: Any = get_user_model()
        return str(self.options.get("ADDRESS") or getattr(model, "EMAIL_FIELD", "") or "email")

    @property
    def sender(self) -> str:
        return str(self.options["FROM"] or settings.DEFAULT_FROM_EMAIL)

    def check(self) -> list[CheckMessage]:
        return [*check_mail(self.name, self.options)]

    def open(self) -> None:
        # No connection yet: whether there is a server is found out by the first message, which knows what to do then.
        self._is_kept = True

    def close(self) -> None:
        self._is_kept = False
        self._hang_up()

    def send(self, message: Message, address: Any) -> str:
        return self._send(self._compose(message, address))

    def _send(self, email: LinkedEmail) -> str:
        was_used = self._was_used
        try:
            return self._hand_over(email)
        except Exception as error:
            if hung_up(error):
                self._hang_up()
            if self._is_handed_over or not (was_used and hung_up(error)):
                raise classify(error) from error
        finally:
            if not self._is_kept:
                self._hang_up()
        # The server had enough of the connection, not of the message: many take so many messages, or wait so long.
        return self._send(email)

    def _compose(self, message: Message, address: Any) -> LinkedEmail:
        text, html = self._parts(message)
        prefix, reply_to = str(self.options["SUBJECT_PREFIX"]), self.options["REPLY_TO"]
        email = LinkedEmail(
            subject=f"{prefix} {message.subject}".strip(),
            body=text,
            from_email=self.sender,
            to=[_mailbox(address)],
            reply_to=[reply_to] if isinstance(reply_to, str) and reply_to else list(reply_to),
            headers=self._headers(message),
        )
        email.attach_alternative(html, "text/html")
        try:
            email.message()
        except ValueError as error:  # what cannot be a header
            raise PermanentError(f"No e-mail can be made of it: {error}") from error
        return email

    def _parts(self, message: Message) -> tuple[str, str]:
        try:
            return text_of(message, self.options), html_of(message, self.options)
        # Templates run the site's code. What they raise is not the mail server's fault, and may be mended.
        except Exception as error:
            raise TemporaryError(
                f"A template of the e-mail failed: {type(error).__name__}: {error}", provider=False
            ) from error

    def _headers(self, message: Message) -> dict[str, str]:
        headers = {
            # The same for every attempt, so that a mailbox that has it need not keep a second.
            "Message-ID": f"<{message.key}@{_domain(self.sender)}>",
            "Auto-Submitted": "auto-generated",  # so that nobody's holiday reply comes back
            "Content-Language": message.language,
        }
        if message.priority == Priority.CRITICAL:
            headers["Importance"] = "high"
        if message.unsubscribe_url:
            headers["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        if message.unsubscribe_url.startswith("https://"):  # RFC 8058 knows no other
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers

    def _hand_over(self, email: LinkedEmail) -> str:
        if self._backend is None:
            self._backend = self._make_backend()
        self._backend.open()
        self._listen()
        self._replies.clear()
        self._is_handed_over = False
        if self._backend.send_messages([email]) == 0:
            raise TemporaryError("The mail backend sent nothing, and did not say why.")
        self._was_used = True
        return self._replies[-1] if self._replies else f"Handed to {type(self._backend).__module__}."

    def _make_backend(self) -> Any:
        backend = make_backend(self.options["MAILER"])
        asked = self.options.get("TIMEOUT")
        # Without any it would wait for ever. Not every backend has one.
        if hasattr(backend, "timeout") and (asked or backend.timeout is None):
            backend.timeout = asked or conf.DELIVERY_TIMEOUT_SECONDS
        return backend

    def _listen(self) -> None:
        """Keep what the server answers, which is its own name for the message. Django drops it."""
        smtp = getattr(self._backend, "connection", None)
        if not isinstance(smtp, smtplib.SMTP) or "data" in vars(smtp):
            return
        send_data = smtp.data

        def data(content: Any) -> tuple[int, bytes]:
            self._is_handed_over = True
            code, answer = send_data(content)
            self._replies.append(f"{code} {answer.decode(errors='replace')}"[:MOST_OF_AN_ANSWER])
            return code, answer

        vars(smtp)["data"] = data

    def _hang_up(self) -> None:
        backend, self._backend, self._was_used = self._backend, None, False
        if backend is not None:
            with suppress(Exception):  # the server may have gone first
                backend.close()


def _mailbox(address: Any) -> str:
    """The address, if it is one and no more: a site's users may have typed it."""
    text = str(address)
    mailboxes = [mailbox for _name, mailbox in getaddresses([text])]
    if len(mailboxes) != 1 or "@" not in mailboxes[0].strip("@"):
        raise PermanentError("What the user has as their address is not one e-mail address.")
    return text


def _domain(sender: str) -> str:
    domain = parseaddr(sender)[1].rpartition("@")[2]
    try:
        return domain.encode("idna").decode() or "localhost"
    except UnicodeError:
        return "localhost"
