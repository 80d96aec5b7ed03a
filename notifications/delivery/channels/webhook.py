"""To a program: a signed POST, as https://www.standardwebhooks.com describes it. Receivers verify it with a library."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ...conf import conf
from ...models import Notification
from ..base import Channel, Message
from ..errors import PermanentError
from ..hosts import parse_url
from ..http import Http, refuse, timeout_of

PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)  # as the standard has it
NEW_SECRET = (
    "python -c \"import base64, secrets; print('whsec_' + base64.b64encode(secrets.token_bytes(32)).decode())\""  # noqa: S105
)


class WebhookChannel(Channel):
    """Options: ``SECRET``, one or, while one replaces the other, several; ``URL``, the one address for everybody, or
    ``ADDRESS``, the look-up of each person's own; ``HEADERS``, with ``URL`` only; ``ALLOW_PRIVATE``, whether people may
    name addresses inside the site's own network.

    What goes to a person's own address is signed with a key of theirs: see :func:`secret_for`.
    """

    label = _("Webhook")
    required_options = ("SECRET",)
    optional: ClassVar[Mapping[str, Any]] = {"URL": None, "HEADERS": {}, "ALLOW_PRIVATE": False}

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(name, options)
        # The site's own address may be inside its network; one that a person chose may not.
        private = not self.address_lookup or bool(self.options["ALLOW_PRIVATE"])
        timeout = timeout_of(self.options)
        self._http = Http(timeout=timeout, private=private, provider=not self.address_lookup)

    def check(self) -> list[CheckMessage]:
        return [
            Error(f"NOTIFICATIONS['CHANNELS'][{self.name!r}]{problem}", hint=cure, id="notifications.E031")
            for problem, cure in self._problems()
        ]

    def send(self, message: Message, address: Any) -> str:
        body = json.dumps(payload(message), ensure_ascii=False, separators=(",", ":")).encode()
        moment = int(timezone.now().timestamp())
        headers = {
            **self.options["HEADERS"],
            "Content-Type": "application/json",
            "Idempotency-Key": message.key,
            "webhook-id": message.key,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(self._keys(message), message.key, moment, body),
        }
        answer = self._http.post(str(address or self.options["URL"]), body, headers)
        refuse(answer, provider=self._http.provider)
        return str(answer)

    def close(self) -> None:
        self._http.close()

    def _secrets(self) -> list[bytes]:
        return parse_secrets(self.options.get("SECRET"))

    def _keys(self, message: Message) -> list[bytes]:
        if not self.address_lookup:
            return self._secrets()
        return [personal_key(key, _user_key(message)) for key in self._secrets()]

    def _problems(self) -> Iterator[tuple[str, str]]:
        try:
            if not self._secrets():
                yield " has no 'SECRET'.", f"Make one: {NEW_SECRET}"
        except ValueError as error:
            yield f"['SECRET']: {error}", f"Make one: {NEW_SECRET}"
        url = self.options["URL"]
        if bool(url) == bool(self.address_lookup):
            yield (
                " must have either 'URL' or 'ADDRESS'.",
                "Name the one address for everybody as 'URL', or in 'ADDRESS' the field of the user model that holds "
                "each person's own.",
            )
        if self.options["HEADERS"] and self.address_lookup:
            yield (
                " has both 'HEADERS' and 'ADDRESS': whoever names an address would get the headers, too.",
                "Leave 'HEADERS' out. Receivers know the site by its signature.",
            )
        if url:
            try:
                parse_url(str(url))
            except PermanentError as error:
                yield f"['URL']: {error}", "Write it whole: 'https://hooks.example.org/notifications'."


def parse_secret(text: Any) -> bytes:
    """The key that ``whsec_…`` stands for.

    Raises:
        ValueError: saying what is wrong with it, and never the secret itself.
    """
    if not isinstance(text, str) or not text.startswith(PREFIX):
        raise ValueError(f"It must begin with {PREFIX!r}.")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"What follows {PREFIX!r} is not base64.") from None
    if len(key) not in SECRET_BYTES:
        raise ValueError(f"It must hold {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes, and holds {len(key)}.")
    return key


def parse_secrets(given: Any) -> list[bytes]:
    """The keys of ``SECRET``: one or several.

    Raises:
        ValueError: see :func:`parse_secret`.
    """
    given = given or ()
    return [parse_secret(text) for text in ([given] if isinstance(given, str) else given)]


def secret_for(user: Any, channel: str = "webhook") -> str:
    """The secret by which the receiver at a person's own address verifies what it gets: ``whsec_…``.

    Made of the site's ``SECRET``, of several of the first. It is for this person alone; the site's own stays here.

    Args:
        user: of the user model, or such a user's key.
        channel: its name in ``NOTIFICATIONS["CHANNELS"]``.

    Raises:
        KeyError: there is no such channel.
        ValueError: it has no ``SECRET`` that is one.
    """
    keys = parse_secrets(conf.CHANNELS[channel].get("SECRET"))
    if not keys:
        raise ValueError(f"NOTIFICATIONS['CHANNELS'][{channel!r}] has no 'SECRET'.")
    return PREFIX + base64.b64encode(personal_key(keys[0], getattr(user, "pk", user))).decode()


def personal_key(key: bytes, user_key: Any) -> bytes:
    """Of the site's key and a person's, one that tells neither the former nor anybody else's."""
    return hmac.digest(key, f"user {user_key}".encode(), hashlib.sha256)


def signature(keys: list[bytes], message_id: str, moment: int, body: bytes) -> str:
    """One for each key: a receiver accepts the message if it knows one of them."""
    signed = f"{message_id}.{moment}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}" for key in keys)


def payload(message: Message) -> dict[str, Any]:
    """The same for every attempt."""
    recipient = _user_key(message)
    return {
        "type": "notification.digest" if message.is_digest else "notification.sent",
        "timestamp": _iso(max(notification.created_at for notification in message.notifications)),
        "data": {
            "user_id": recipient if type(recipient) is int else str(recipient),
            "language": message.language,
            "subject": message.subject,
            "body": message.body,
            "url": message.url,
            "priority": message.priority,
            "notifications": [_notification(notification) for notification in message.notifications],
            "more": message.more,  # a digest of very many names the first of them
        },
    }


def _user_key(message: Message) -> Any:
    return getattr(message.recipient, "pk", message.recipient)


def _notification(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.pk,
        "type": notification.type,
        "subject": notification.subject,
        "message": notification.message,
        "priority": notification.priority,
        "url": notification.url,
        "data": notification.data,
        "created_at": _iso(notification.created_at),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
