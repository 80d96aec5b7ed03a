"""A real SMTP server in a thread of its own, which answers as a test tells it to."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.servers import free_port

QUEUED = "250 2.0.0 Ok: queued as 4F1A"


@dataclass
class Received:
    """One message as it came in, and the connection that it came by."""

    peer: Any
    sender: str
    recipients: list[str]
    email: EmailMessage

    def part(self, kind: str) -> str:
        """The text of the part ``text/<kind>``."""
        for part in self.email.walk():
            if part.get_content_type() == f"text/{kind}":
                return part.get_content().replace("\r\n", "\n")
        raise AssertionError(f"no text/{kind}")


class MailServer:
    """``answers["RCPT"]`` is a list of what it answers next time, and the time after; then it accepts again.

    ``"cut"`` is no answer: it closes the connection. After ``DATA`` it has the message then.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: dict[str, list[str]] = defaultdict(list)
        self.connections = 0
        self._transports: list[asyncio.Transport] = []
        self.port = free_port()
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=False)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
        self._controller = None

    def hang_up(self) -> None:
        """Close every connection, as servers do when nothing has come for a while."""

        async def close() -> None:
            for transport in self._transports:
                transport.close()

        asyncio.run_coroutine_threadsafe(close(), self._controller.loop).result(10)

    def _next(self, command: str, otherwise: str) -> str:
        return self.answers[command].pop(0) if self.answers[command] else otherwise

    # What aiosmtpd calls.

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, responses: list[str]) -> list[str]:
        self.connections += 1
        self._transports.append(server.transport)
        session.host_name = name
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.mail_from = address
        return self._next("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self._next("RCPT", "250 OK")
        if answer == "cut":
            server.transport.abort()
        elif answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self._next("DATA", QUEUED)
        if answer == "cut":
            server.transport.abort()
        if answer.startswith("2") or answer == "cut":
            email = message_from_bytes(envelope.content, policy=policy.default)
            self.received.append(Received(session.peer, envelope.mail_from, envelope.rcpt_tos, email))
        return answer


@contextmanager
def running() -> Any:
    server = MailServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
