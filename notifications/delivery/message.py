"""From rows of the outbox to what a delivery channel sends: in the recipient's language, with whole addresses."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

from ..inbox.languages import languages_of
from ..models import Delivery, Notification, Preference
from ..preferences.parsing import time_zones
from ..types import Priority, find_type
from .addresses import absolute, page
from .base import Message
from .unsubscribe import unsubscribe_url

MOST_LISTED = 50  # of a digest; a link leads to the rest

_URGENCY = {priority: place for place, priority in enumerate(Priority.values)}


def build(delivery: Delivery, members: Sequence[Delivery], *, language: str = "", using: str) -> Message:
    """The message that ``delivery`` is to bring.

    Args:
        delivery: the row that was claimed. One that carries a digest has no notification of its own.
        members: the rows that it carries, with their notifications; without meaning for a row that carries none.
        language: the recipient's, where it is known already.

    Raises:
        ValueError: a digest without members. It should not be sent.
    """
    is_digest = delivery.notification_id is None
    notifications, count = _told(members if is_digest else [delivery], is_digest=is_digest, using=using)
    if not notifications:
        raise ValueError(f"Delivery {delivery.pk} has nothing to say: a digest needs at least one member.")
    language = language or languages_of([delivery.recipient_id], using=using)[delivery.recipient_id]
    with translation.override(language):
        texts = _digest(notifications, count) if is_digest else _single(notifications[0])
        return Message(
            key=message_key(delivery.pk),
            recipient=delivery.recipient,
            language=language,
            priority=str(notifications[0].priority),
            notifications=notifications,
            unsubscribe_url=_unsubscribe_url(delivery, None if is_digest else notifications[0]),
            is_digest=is_digest,
            time_zone=_time_zone(delivery.recipient_id, using=using) if is_digest else "",
            **texts,
        )


def message_key(pk: int) -> str:
    """The same for every attempt of one delivery, another for every other, and on every other site.

    Providers keep it. A plain number would say how much the site sends, and be another site's, too.
    """
    return f"delivery-{salted_hmac('notifications.delivery', str(pk), algorithm='sha256').hexdigest()[:32]}"


def by_urgency(notifications: Iterable[Notification]) -> list[Notification]:
    """The most urgent first, then the newest."""
    return sorted(notifications, key=lambda one: (_URGENCY.get(str(one.priority), 0), one.created_at), reverse=True)


def one_line(text: str) -> str:
    """Text that has no line breaks and no control characters: a subject becomes a header, or the title of a window."""
    plain = (" " if unicodedata.category(character) == "Cc" else character for character in text)
    return " ".join("".join(plain).split())


def rest_of(count: int) -> str:
    """How many of a digest are not listed, in words; nothing where all are."""
    return ngettext("and {count} more", "and {count} more", count).format(count=count) if count else ""


def _single(notification: Notification) -> dict[str, Any]:
    return {
        "subject": one_line(notification.subject),
        "body": notification.message,
        "url": absolute(notification.link),
        "data": notification.data,
    }


def _told(rows: Sequence[Delivery], *, is_digest: bool, using: str) -> tuple[list[Notification], int]:
    """Those that the message tells of, and how many there are."""
    notifications = by_urgency(row.notification for row in rows if row.notification is not None)
    told = _in_full(notifications[:MOST_LISTED], using=using) if is_digest else notifications
    return told, len(notifications)


def _in_full(notifications: Sequence[Notification], *, using: str) -> list[Notification]:
    """With all that they say; the worker loads less. Those that were purged meanwhile are left out."""
    found = Notification.objects.using(using).in_bulk([one.pk for one in notifications])
    return [found[one.pk] for one in notifications if one.pk in found]


def _digest(notifications: Sequence[Notification], count: int) -> dict[str, Any]:
    subject = ngettext("{count} notification for you", "{count} notifications for you", count).format(count=count)
    lines = [f"- {one_line(one.subject)}" for one in notifications]
    more = count - len(notifications)
    if rest := rest_of(more):
        lines.append(rest)
    return {"subject": subject, "body": "\n".join(lines), "url": page("history"), "more": more}


def _time_zone(user_id: Any, *, using: str) -> str:
    zone = Preference.objects.using(using).filter(pk=user_id).values_list("time_zone", flat=True).first()
    return zone if zone in time_zones() else ""


def _unsubscribe_url(delivery: Delivery, notification: Notification | None) -> str:
    """Nothing for what nobody can switch off."""
    if notification is None:
        return unsubscribe_url(delivery.recipient_id, delivery.channel)
    kind = find_type(notification.type)
    if kind is None:  # sent no more: the channel as a whole is what can be switched off
        return unsubscribe_url(delivery.recipient_id, delivery.channel)
    if delivery.channel in kind.required:
        return ""
    return unsubscribe_url(delivery.recipient_id, delivery.channel, notification.type)
