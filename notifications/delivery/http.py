"""One POST to another site: no redirects, one deadline for all of it, connections kept while several follow."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

from ..conf import conf
from .deadline import Deadline
from .errors import PermanentError, TemporaryError
from .hosts import Origin, is_public, parse_url

USER_AGENT = "django-live-notifications"
MOST_ANSWER_BYTES = 2_000  # for people to read; what follows is left unread
MOST_ANSWER_LINES = 4
MOST_ADDRESSES = 3  # of one name; whoever owns it may list any number that do not answer
MISLED = frozenset({401, 403, 404, 405, 407})  # whoever asks is at the wrong door, or has the wrong key
TRY_AGAIN = frozenset({408, 425, 429})
LONGEST_WAIT = 7 * 86_400.0  # seconds; whoever asks for more is not believed

# How a connection ends that the other side had closed.
CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str  # how it begins
    retry_after: float | None = None  # seconds

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def may_work_later(self) -> bool:
        return self.status >= 500 or self.status in TRY_AGAIN

    def __str__(self) -> str:
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        return "\n".join([f"HTTP {self.status}", *lines[:MOST_ANSWER_LINES]])


class Http:
    """Made once for each channel and thread; :meth:`close` after several requests.

    Args:
        timeout: seconds until the answer is there, to connect included.
        private: whether addresses inside the site's own network may be asked. Never where people name the address: it
            would be their way in.
        provider: whether what goes wrong concerns everybody on the channel: see
            :class:`~notifications.delivery.errors.TemporaryError`.
    """

    def __init__(self, *, timeout: float, private: bool, provider: bool) -> None:
        self.timeout, self.private, self.provider = timeout, private, provider
        self._kept: dict[Origin, HTTPConnection] = {}

    def close(self) -> None:
        while self._kept:
            self._kept.popitem()[1].close()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send, and return whatever was answered, good or not.

        Raises:
            TemporaryError: there was no answer in time.
            PermanentError: this is no address to send to.
        """
        origin, path = parse_url(url)
        deadline = Deadline(self.timeout)
        try:
            if kept := self._kept.pop(origin, None):
                # The other side may have closed it meanwhile. Then nothing was heard, or it may be said again: the
                # receiver knows the message by its key.
                with suppress(*CLOSED):
                    return self._exchange(origin, kept, deadline, path, body, headers)
            return self._exchange(origin, self._connect(origin, deadline), deadline, path, body, headers)
        except UnicodeError as error:
            raise PermanentError(f"{origin.host} is no name of a host: {error}.") from error
        except (OSError, HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise TemporaryError(f"{origin.host} did not answer: {reason}.", provider=self.provider) from error

    def _exchange(
        self,
        origin: Origin,
        connection: HTTPConnection,
        deadline: Deadline,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Answer:
        try:
            with deadline.cuts(connection.sock):
                connection.sock.settimeout(self.timeout)
                connection.request("POST", path, body=body, headers={"User-Agent": USER_AGENT, **headers})
                response = connection.getresponse()
                text = response.read(MOST_ANSWER_BYTES)
        except BaseException:
            connection.close()
            raise
        if response.isclosed() and connection.sock is not None:
            self._kept[origin] = connection
        else:
            connection.close()
        # PostgreSQL keeps no NUL, and the answer is kept.
        return Answer(response.status, text.decode(errors="replace").replace("\0", ""), _retry_after(response))

    def _connect(self, origin: Origin, deadline: Deadline) -> HTTPConnection:
        dialled = self._dial(origin, deadline)
        connection = HTTPConnection(origin.host, origin.port)
        if origin.scheme == "https":
            connection = HTTPSConnection(origin.host, origin.port, context=_tls())
            dialled = _secured(dialled, origin.host, deadline)
        connection.sock = dialled
        connection.auto_open = 0  # it would look the name up again, and nobody would look at what it finds
        return connection

    def _dial(self, origin: Origin, deadline: Deadline) -> socket.socket:
        """Connect to the very address that was looked at: the name may lead elsewhere the next time."""
        failed: OSError = OSError("it has no address")
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)[:MOST_ADDRESSES]
        for number, (family, kind, protocol, _, address) in enumerate(found):
            if not self.private and not is_public(str(address[0])):
                # Without the address itself: who named the host may read this, and need not know the network.
                raise PermanentError(
                    f"{origin.host} is inside this site's own network, or reserved. Nothing is sent there, because a "
                    "person chose it."
                )
            dialled = socket.socket(family, kind, protocol)
            try:
                dialled.settimeout(deadline.left() / (len(found) - number))  # a share for each
                dialled.connect(address)
                dialled.settimeout(deadline.left())
            except OSError as error:
                dialled.close()
                failed = error
            else:
                return dialled
        raise failed


def _secured(dialled: socket.socket, host: str, deadline: Deadline) -> ssl.SSLSocket:
    secured = _tls().wrap_socket(dialled, server_hostname=host, do_handshake_on_connect=False)
    try:
        with deadline.cuts(secured):
            secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured


def timeout_of(options: Mapping[str, Any]) -> float:
    """Seconds, of a channel's options or the site's. What is wrong there, a system check says."""
    given = options.get("TIMEOUT")
    return float(given) if isinstance(given, int | float) and given > 0 else float(conf.DELIVERY_TIMEOUT_SECONDS)


def refuse(answer: Answer, *, provider: bool) -> None:
    """Raise what an answer that is not good means.

    A redirect is not followed: whoever moved may have moved for good, and the signature and the person's data are not
    for whomever an answer names.

    Args:
        provider: it is the one address of the site for everybody. That it wants another key, say, or is not there
            during a deployment, says nothing of the message, which waits until somebody has mended it.

    Raises:
        TemporaryError: 408, 425, 429 and 5xx; of the site's own address also 401, 403, 404, 405, 407 and 3xx.
        PermanentError: every other.
    """
    if answer.good:
        return
    moved = 300 <= answer.status < 400
    said = f"{answer}\nRedirects are not followed: put the new address in." if moved else str(answer)
    if answer.may_work_later or (provider and (moved or answer.status in MISLED)):
        raise TemporaryError(said, retry_after=answer.retry_after, provider=provider)
    raise PermanentError(said)


def _retry_after(response: HTTPResponse) -> float | None:
    """Seconds, from a number or a date."""
    text = (response.getheader("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the authorities' certificates takes longer than a request."""
    return ssl.create_default_context()
