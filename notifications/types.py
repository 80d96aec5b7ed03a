"""The kinds of notification a site sends, and how urgent they are.

An app names its own in ``notification_types.py``, which is imported when Django starts::

    from notifications import NotificationType, Priority, register

    register("order_ready", "Order ready", priority=Priority.HIGH)

    @register
    class StockAlert(NotificationType):
        label = "Out of stock"
        channels = ("in_app", "websocket", "email")
        subject = "{{ product }} is out of stock"

    StockAlert.send(user, product=product)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.functional import Promise
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from .exceptions import InvalidContent, UnknownType

if TYPE_CHECKING:
    from .inbox.batches import BatchResult
    from .inbox.sending import SendResult


class Priority(models.TextChoices):
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")

    @classmethod
    def parse(cls, value: str | Priority) -> Priority:
        """Return the priority named ``value``.

        Raises:
            InvalidContent: not one of the four.
        """
        try:
            return cls(value)
        except ValueError:
            known = ", ".join(cls.values)
            raise InvalidContent("priority", f"Priority {value!r} is not one of {known}.") from None


class DeliveryChannel(StrEnum):
    """The ways to reach a person that every site knows by name. A site adds its own in ``NOTIFICATIONS["CHANNELS"]``.

    Not to be confused with a channel of Django Channels.
    """

    IN_APP = "in_app"
    WEBSOCKET = "websocket"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    WEBHOOK = "webhook"


# Carried by the inbox itself; the others need an adapter.
BUILT_IN = (DeliveryChannel.IN_APP.value, DeliveryChannel.WEBSOCKET.value)


@dataclass(frozen=True, slots=True)
class Collapse:
    """Sends with the same key to the same person become one row with a count, until it is read or is this old.

    ``key`` is a template like a subject; ``window`` is how long after the first.
    """

    key: str
    window: timedelta = timedelta(hours=1)


class NotificationType:
    """One kind of notification. Every attribute is optional.

    Texts are Django templates, plain text (nothing is escaped, nothing is HTML), rendered in the language of whoever
    is told, with what ``send()`` is given by name.
    """

    slug: ClassVar[str] = ""  # by default the class's name: StockAlert is stock_alert
    label: ClassVar[str | Promise] = ""  # by default the slug, in words
    category: ClassVar[str | Promise] = ""  # what the preferences page lists it under
    priority: ClassVar[Priority] = Priority.MEDIUM  # of a send that names none
    channels: ClassVar[tuple[str, ...]] = BUILT_IN  # of a send that names none
    required: ClassVar[tuple[str, ...]] = ()  # channels that nobody can switch off for this type
    subject: ClassVar[str | Promise] = ""
    message: ClassVar[str | Promise] = ""
    url: ClassVar[str] = ""
    collapse: ClassVar[Collapse | None] = None
    ttl: ClassVar[timedelta | None] = None  # how long after the send it expires
    # Channel to how long it waits: it is not used if the person has read it by then, or is online.
    escalate: ClassVar[Mapping[str, timedelta]] = {}

    @classmethod
    def send(cls, user: Any, **given: Any) -> SendResult:
        """Send to one person.

        Args:
            given: keyword arguments of :func:`~notifications.inbox.sending.send_notification`; every other is a name
                that the templates use.
        """
        from . import send_notification

        return send_notification(user, cls.slug, **_split(given))

    @classmethod
    def send_many(cls, users: Any, **given: Any) -> BatchResult:
        """Send to many people, each in their language. See :meth:`send`."""
        from . import send_notifications

        return send_notifications(users, cls.slug, **_split(given))


ATTRIBUTES = [name for name in vars(NotificationType) if not name.startswith("_")]
# What send() hands on as it is.
_OPTIONS = {
    *("subject", "message", "channels", "priority", "data", "request_id", "url", "actor", "target"),
    *("expires_at", "dedupe_key", "collapse_key", "send_at"),
}


def _split(given: dict[str, Any]) -> dict[str, Any]:
    options = {name: value for name, value in given.items() if name in _OPTIONS}
    # Templates may use them, too: the target most of all.
    return {**options, "context": given}


Kind = TypeVar("Kind", bound=type[NotificationType])

_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_registry: dict[str, type[NotificationType]] = {}


@overload
def register(slug: Kind) -> Kind: ...
@overload
def register(
    slug: str, label: str | Promise = "", *, priority: Priority | str = Priority.MEDIUM, **attributes: Any
) -> type[NotificationType]: ...
def register(
    slug: Any, label: str | Promise = "", *, priority: Priority | str = Priority.MEDIUM, **attributes: Any
) -> Any:
    """Make a type that can be sent: of a class, as its decorator, or of a slug. The same slug again replaces it.

    Args:
        attributes: those of :class:`NotificationType`.

    Raises:
        ImproperlyConfigured: the slug has other characters than ``a-z 0-9 _ . -``, or over 100 of them, or an
            attribute has a wrong value.
    """
    kind: Any = slug
    if isinstance(slug, type):
        if not issubclass(slug, NotificationType):
            raise ImproperlyConfigured(f"{slug!r} must be a subclass of notifications.NotificationType.")
        kind.slug = kind.__dict__.get("slug") or _WORD.sub("_", kind.__name__).lower()
    else:
        if unknown := attributes.keys() - set(ATTRIBUTES):
            raise ImproperlyConfigured(f"A notification type has no attribute {', '.join(sorted(unknown))}.")
        attributes |= {"slug": slug, "label": label, "priority": priority}
        kind = type(re.sub(r"\W|^(?=\d)", "_", str(slug).title().replace("_", "")), (NotificationType,), attributes)
    _complete(kind)
    _registry[kind.slug] = kind
    return kind


def _complete(kind: Any) -> None:
    """Check it, and give it the label it has in words."""
    if not isinstance(kind.slug, str) or not _SLUG.fullmatch(kind.slug):
        raise ImproperlyConfigured(
            f"Notification type {kind.slug!r} must be 1-100 characters of a-z, 0-9, '_', '.' and '-', "
            "beginning with a letter or digit."
        )
    for name in vars(kind):
        if not hasattr(NotificationType, name) and (nearest := get_close_matches(name, ATTRIBUTES, n=1)):
            raise ImproperlyConfigured(
                f"Notification type {kind.slug!r} has no attribute {name!r}. Did you mean {nearest[0]!r}?"
            )
    for name in ("channels", "required"):
        if isinstance(getattr(kind, name), str):
            raise ImproperlyConfigured(f"Notification type {kind.slug!r}: {name} must be a list of names, not text.")
        setattr(kind, name, tuple(str(channel) for channel in getattr(kind, name)))
    _check_values(kind)
    # What is required, or waits, is also used.
    kind.channels = tuple(dict.fromkeys([*kind.channels, *kind.required, *kind.escalate]))
    kind.priority = Priority.parse(kind.priority)
    kind.label = kind.label or kind.slug.replace("_", " ").capitalize()


def _check_values(kind: Any) -> None:
    waits = kind.escalate
    if not isinstance(waits, Mapping) or not all(isinstance(wait, timedelta) for wait in waits.values()):
        raise ImproperlyConfigured(
            f"Notification type {kind.slug!r}: escalate must be like {{'email': timedelta(minutes=10)}}, not {waits!r}."
        )
    if kind.ttl is not None and not isinstance(kind.ttl, timedelta):
        raise ImproperlyConfigured(f"Notification type {kind.slug!r}: ttl must be a timedelta, not {kind.ttl!r}.")
    if kind.collapse is not None and not isinstance(kind.collapse, Collapse):
        raise ImproperlyConfigured(
            f"Notification type {kind.slug!r}: collapse must be like Collapse('{{{{ order.pk }}}}'), "
            f"not {kind.collapse!r}."
        )


def get_type(slug: str | type[NotificationType]) -> type[NotificationType]:
    """Return the registered type.

    Raises:
        UnknownType: naming the nearest that is registered.
    """
    if isinstance(slug, type) and issubclass(slug, NotificationType):
        slug = slug.slug
    try:
        return _registry[str(getattr(slug, "value", slug))]
    except KeyError:
        raise UnknownType(slug, _registry) from None


def find_type(slug: str) -> type[NotificationType] | None:
    """The registered type, if there is one: that of a stored notification may be gone."""
    return _registry.get(slug)


def all_types() -> list[type[NotificationType]]:
    """Every registered type, by slug."""
    return [_registry[slug] for slug in sorted(_registry)]


def discover() -> None:
    """Import the ``notification_types`` module of every installed app that has one."""
    autodiscover_modules("notification_types")
