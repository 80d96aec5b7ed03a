"""Browsers that asked to be told also when no page of the site is open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from ..conf import conf
from ..exceptions import InvalidContent, UnknownRecipient
from ..inbox.database import write_database
from ..inbox.transactions import retry_deadlocks
from ..models import PushSubscription
from .channels.push import PushChannel
from .push_services import is_push_service
from .registry import channel_class, get_channel

MOST_DEVICES = 10  # of one person; whoever has more loses the oldest
MOST_ENDPOINT = 2_000
COOKIE = "notifications_device"  # by which a sign-out, or another's sign-in, knows which device it is on

# Base64 of 65 bytes, the first of which is 4, and of 16. Whether the first is a point of the curve shows when
# something is encrypted for it.
P256DH = r"B[A-P][A-Za-z0-9_-]{85}=?"
AUTH = r"[A-Za-z0-9_-]{22}(==)?"


@dataclass(frozen=True, slots=True)
class Given:
    """What a browser says of its subscription."""

    endpoint: str
    p256dh: str
    auth: str

    @property
    def endpoint_hash(self) -> str:
        return hash_of(self.endpoint)

    @classmethod
    def parse(cls, data: Mapping[str, Any], channel: PushChannel) -> Self:
        """``{"endpoint", "keys": {"p256dh", "auth"}}``, as ``PushSubscription.toJSON()`` has it.

        Raises:
            InvalidContent: naming the field.
        """
        endpoint, keys = data.get("endpoint"), data.get("keys")
        if not isinstance(endpoint, str) or not 0 < len(endpoint) <= MOST_ENDPOINT:
            raise InvalidContent("endpoint", f"endpoint must be an address of at most {MOST_ENDPOINT} characters.")
        if not is_push_service(endpoint, channel.options["HOSTS"]):
            raise InvalidContent("endpoint", "endpoint is not at a push service that this site knows.")
        if not isinstance(keys, Mapping):
            raise InvalidContent("keys", "keys must be an object with p256dh and auth.")
        for name, shape in (("p256dh", P256DH), ("auth", AUTH)):
            if not isinstance(keys.get(name), str) or not re.fullmatch(shape, keys[name]):
                raise InvalidContent("keys", f"keys.{name} is not what browsers send there.")
        return cls(endpoint, keys["p256dh"], keys["auth"])


@dataclass(frozen=True, slots=True)
class Known:
    """What a browser knows of a subscription that it had."""

    endpoint_hash: str
    auth: str

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """As :meth:`Given.parse`, but at any address: the site's ``HOSTS`` may have changed since.

        Raises:
            InvalidContent: naming the field.
        """
        endpoint, keys = data.get("endpoint"), data.get("keys")
        if not isinstance(endpoint, str) or not endpoint.isascii() or not 0 < len(endpoint) <= MOST_ENDPOINT:
            raise InvalidContent("endpoint", f"endpoint must be an address of at most {MOST_ENDPOINT} characters.")
        auth = keys.get("auth") if isinstance(keys, Mapping) else None
        if not isinstance(auth, str) or not re.fullmatch(AUTH, auth):
            raise InvalidContent("keys", "keys.auth is not what browsers send there.")
        return cls(hash_of(endpoint), auth)


def push_channel() -> PushChannel | None:
    """The site's delivery channel for browsers, whatever its name is; ``None`` where it has none that works."""
    for name in conf.CHANNELS:
        try:
            if issubclass(channel_class(name), PushChannel):
                channel = get_channel(name)
                return channel if isinstance(channel, PushChannel) and channel.public_key else None
        except ImproperlyConfigured:  # a system check says so; a page should not fail over it
            continue
    return None


def hash_of(endpoint: str) -> str:
    return sha256(endpoint.encode()).hexdigest()


def devices_of(user_key: Any, *, using: str) -> QuerySet[PushSubscription]:
    return PushSubscription.objects.using(using).filter(user_id=user_key).order_by("pk")


@retry_deadlocks
def subscribe(user_key: Any, given: Given, *, device: str, using: str) -> PushSubscription:
    """Send to this browser what is for the person. Whoever had it before has it no more.

    Raises:
        UnknownRecipient: no such user.
    """
    values = {"user_id": user_key, "endpoint": given.endpoint, "p256dh": given.p256dh, "auth": given.auth}
    rows = PushSubscription.objects.using(using)
    try:
        with transaction.atomic(using=using):
            row, _ = rows.update_or_create(
                endpoint_hash=given.endpoint_hash, defaults={**values, "device": device[:200]}
            )
            others = devices_of(user_key, using=using).exclude(pk=row.pk).order_by("-pk")
            surplus = list(others.values_list("pk", flat=True)[MOST_DEVICES - 1 :])
            rows.filter(pk__in=surplus).delete()
    except IntegrityError:
        raise UnknownRecipient(f"There is no user {user_key}.") from None
    return row


@retry_deadlocks
def renew(old: Known, given: Given, *, using: str) -> bool:
    """Put a browser's new subscription in the place of its old one, which its push service has ended.

    Nobody need be signed in: it comes from a worker of the browser's, perhaps long after the last page. Whoever knows
    the old one's address and secret is that browser; the secret never left it but for this site.
    """
    rows = PushSubscription.objects.using(using)
    row = rows.filter(endpoint_hash=old.endpoint_hash).first()
    if row is None or not constant_time_compare(row.auth, old.auth):
        return False
    if row.endpoint_hash == given.endpoint_hash:
        return True
    same = rows.filter(pk=row.pk, endpoint_hash=old.endpoint_hash)
    values = {"endpoint": given.endpoint, "p256dh": given.p256dh, "auth": given.auth}
    try:
        with transaction.atomic(using=using):
            return bool(same.update(endpoint_hash=given.endpoint_hash, **values))
    except IntegrityError:  # a page of the site was faster, and knows better whose it is
        same.delete()
        return True


def _signed_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """The next one at this device must not be shown what is for this one."""
    endpoint_hash = _device_of(request)
    if user is not None and endpoint_hash:
        using = write_database()
        devices_of(user.pk, using=using).filter(endpoint_hash=endpoint_hash).delete()


def _signed_in(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """The one before may have left without signing out: a session that ran out says so to nobody."""
    if endpoint_hash := _device_of(request):
        rows = PushSubscription.objects.using(write_database()).filter(endpoint_hash=endpoint_hash)
        rows.exclude(user_id=user.pk).delete()


def _device_of(request: HttpRequest | None) -> str | None:
    """What its cookie says, whoever is signed in there. A cookie may hold what no database takes."""
    found = getattr(request, "COOKIES", {}).get(COOKIE, "")
    return found if re.fullmatch("[0-9a-f]{64}", found) else None


def connect() -> None:
    """Called once, when Django starts."""
    user_logged_out.connect(_signed_out, dispatch_uid="notifications.devices")
    user_logged_in.connect(_signed_in, dispatch_uid="notifications.devices")
