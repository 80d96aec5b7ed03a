"""Text messages and chats through Apprise, which speaks to some hundred services: ``pip install apprise``."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

from django.core.checks import CheckMessage, Error, Warning
from django.utils.translation import gettext_lazy as _

from ..base import Channel, Message
from ..errors import PermanentError, TemporaryError
from ..http import timeout_of

PLACE = "{address}"
# What Apprise, or the service, may take for the end of one address and the beginning of another. Numbers hold spaces.
SEVERAL = re.compile(r"[,;/\\%\x00-\x1f\x7f]|\s\+")
SAMPLE = "15551230001"  # a telephone number that nobody has, and a number of a chat

# Apprise tells no more than that it failed; why is in what it logs. Its plugins word these alike.
WHOLE_SERVICE = re.compile(r"connection error|error=(429|5\d\d)\b|timed out", re.IGNORECASE)
MOST_LINES = 4
SERVICES = "The services and their addresses: https://github.com/caronc/apprise/wiki"
ALONE = f"Let {PLACE} be the only one in it: a message that would reach somebody else, too, is refused."
EXTRA = "pip install 'django-live-notifications[apprise]'"


class AppriseChannel(Channel):
    """Options: ``URL``, an address as Apprise has them, with ``{address}`` where the person's own goes; ``ADDRESS``,
    the look-up from the user model that finds it.
    """

    label = _("SMS")
    required_options = ("URL",)

    def check(self) -> list[CheckMessage]:
        where = f"NOTIFICATIONS['CHANNELS'][{self.name!r}]"
        url = str(self.options.get("URL") or "")
        if find_spec("apprise") is None:
            return [Error(f"{where} needs Apprise, which is not installed.", hint=EXTRA, id="notifications.E030")]
        if PLACE in url and not self.address_lookup:
            return [
                Error(
                    f"{where} has no 'ADDRESS', and its 'URL' asks for {PLACE}.",
                    hint="Name the field that holds it, as a look-up from the user model: 'profile__phone'.",
                    id="notifications.E030",
                )
            ]
        with _heard() as lines:
            service = self._service(SAMPLE) if url else None
        if url and service is None:
            cure = f"It said: {' '.join(lines)} {SERVICES}".strip()
            return [Error(f"{where}['URL'] is no address that Apprise knows.", hint=cure, id="notifications.E030")]
        if service is not None and PLACE in url and _targets(service) > 1:
            return [Error(f"{where}['URL'] names others beside {PLACE}.", hint=ALONE, id="notifications.E030")]
        if url and PLACE not in url:
            return [
                Warning(
                    f"{where}['URL'] has no {PLACE}: what is for one person goes to the same place as everything else.",
                    hint=f"Write {PLACE} where the person's own address belongs, and name it in 'ADDRESS'.",
                    id="notifications.W030",
                )
            ]
        return []

    def send(self, message: Message, address: Any) -> str:
        with _heard() as lines:
            personal = PLACE in self.options["URL"]
            if personal and SEVERAL.search(str(address)):
                raise PermanentError("The address holds characters that are in none, or several addresses.")
            service = self._service(str(address))
            if personal and service is not None and _targets(service) > 1:
                raise PermanentError("The service takes this address for several.")
            if service is None or (personal and _targets(service) == 0):
                # Some services would take a message without a target for one to the sender.
                raise PermanentError("\n".join(["The service does not take this address.", *lines[:MOST_LINES]]))
            sent = self._notify(service, message)
        if not sent:
            text = "\n".join(lines[:MOST_LINES]) or f"{service.service_name} failed, and Apprise logged no reason."
            raise TemporaryError(text, provider=bool(WHOLE_SERVICE.search(text)))
        return f"{service.service_name}: sent"

    def _notify(self, service: Any, message: Message) -> bool:
        import apprise

        text = "\n".join(part for part in (message.body, message.url) if part) or message.subject
        return bool(service.notify(body=text, title=message.subject, body_format=apprise.NotifyFormat.TEXT))

    def _service(self, address: str) -> Any:
        """Apprise's object for one person, or None where it does not understand the address."""
        import apprise

        url = self.options["URL"].replace(PLACE, quote(address, safe=""))
        service = apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(async_mode=False))
        if service is not None:
            timeout = timeout_of(self.options)
            service.socket_connect_timeout = service.socket_read_timeout = timeout
            service.request_rate_per_sec = 0  # RATE paces all workers together
            service.redirects = False
        return service


def _targets(service: Any) -> int:
    """How many a message would go to. Some services count those that one request of theirs reaches as one."""
    listed = getattr(service, "targets", None)
    if isinstance(listed, list | tuple | set | dict):
        return max(len(listed), len(service)) if listed else 0
    return len(service)


class _Listener(logging.Handler):
    """What Apprise logs in this thread: others send, too."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.own = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.own:
            self.lines.append(record.getMessage().replace("\0", ""))  # PostgreSQL keeps none


@contextmanager
def _heard() -> Iterator[list[str]]:
    logger, listener = logging.getLogger("apprise"), _Listener()
    logger.addHandler(listener)
    try:
        yield listener.lines
    finally:
        logger.removeHandler(listener)
