"""The kinds of notification a site sends, and how urgent they are.

An app names its own in ``notification_types.py``, which is imported when Django starts::

    from notifications import Priority, register

    register("order_ready", "Order ready", priority=Priority.HIGH)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.functional import Promise
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from .exceptions import InvalidContent, UnknownType


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
    """A way to reach a person. Not to be confused with a channel of Django Channels."""

    IN_APP = "in_app"
    WEBSOCKET = "websocket"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class NotificationType:
    """One kind of notification. ``priority`` is what a send takes that names none."""

    slug: str
    label: str | Promise
    priority: Priority = Priority.MEDIUM


_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_registry: dict[str, NotificationType] = {}


def register(slug: str, label: str | Promise = "", *, priority: Priority | str = Priority.MEDIUM) -> NotificationType:
    """Make ``slug`` a type that can be sent; the same slug again replaces label and priority.

    Raises:
        ImproperlyConfigured: the slug has other characters than ``a-z 0-9 _ . -``, or over 100 of them.
    """
    if not _SLUG.fullmatch(slug):
        raise ImproperlyConfigured(
            f"Notification type {slug!r} must be 1-100 characters of a-z, 0-9, '_', '.' and '-', "
            "beginning with a letter or digit."
        )
    kind = NotificationType(slug, label or slug.replace("_", " ").capitalize(), Priority.parse(priority))
    _registry[slug] = kind
    return kind


def get_type(slug: str) -> NotificationType:
    """Return the registered type.

    Raises:
        UnknownType: naming the nearest that is registered.
    """
    try:
        return _registry[str(getattr(slug, "value", slug))]
    except KeyError:
        raise UnknownType(slug, _registry) from None


def all_types() -> list[NotificationType]:
    """Every registered type, by slug."""
    return [_registry[slug] for slug in sorted(_registry)]


def discover() -> None:
    """Import the ``notification_types`` module of every installed app that has one."""
    autodiscover_modules("notification_types")
