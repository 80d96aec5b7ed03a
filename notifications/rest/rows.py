"""What the addresses read: rows, and where an inbox stands."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound

from ..inbox.changes import InboxState, inbox_states
from ..inbox.events import ROW_FIELDS, Row
from ..live.protocol import notification_data
from ..models import Notification, NotificationQuerySet
from .parameters import parse_digits

NO_NOTIFICATION = "There is no such notification."


def state_of(user_key: Any, *, using: str) -> InboxState:
    """One query, except for a user's very first, which makes the inbox.

    Raises:
        NotFound: no such user: deleted a moment ago, or known to the site's authenticator alone.
    """
    try:
        return inbox_states([user_key], using=using)[user_key]
    except KeyError:
        raise NotFound("There is no such user.") from None


def summary(state: InboxState) -> dict[str, Any]:
    return {
        "epoch": state.epoch,
        "rev": state.rev,
        "seen_seq": state.seen_seq,
        "unread_count": state.unread_count,
    }


def own_rows(user_key: Any, *, using: str) -> QuerySet[Notification, Row]:
    rows: NotificationQuerySet = Notification.objects.using(using)
    own: QuerySet[Notification, Row] = rows.visible().filter(recipient_id=user_key).values(*ROW_FIELDS)
    return own


def item(row: Row) -> dict[str, Any]:
    """A notification as the socket's frames have it, and ``read``."""
    return {**notification_data(row), "read": row["read_at"] is not None}


def parse_id(text: str) -> int:
    """The id in an address. What no id can be is not found, like one of somebody else's."""
    number = parse_digits(text)
    if number is None:
        raise NotFound(NO_NOTIFICATION)
    return number


def one_item(user_key: Any, notification_id: int, *, using: str) -> dict[str, Any]:
    row = own_rows(user_key, using=using).filter(pk=notification_id).first()
    if row is None:
        raise NotFound(NO_NOTIFICATION)
    return item(row)
