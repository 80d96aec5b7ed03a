"""Send to one person."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import connections, models, transaction

from ..exceptions import UnknownRecipient
from ..models import Inbox, Notification
from ..observability.metrics import notifications_sent_total
from ..signals import inbox_changed, notifications_inserted
from ..types import DeliveryChannel
from . import fast_path
from .content import build_content, parse_channels
from .database import existing_users, parse_user_key, write_database
from .transactions import leave_users_unlocked, retry_deadlocks

logger = logging.getLogger("notifications")

# Carried by the inbox itself; the others are delivery channels that an app may bring.
BUILT_IN = {DeliveryChannel.IN_APP, DeliveryChannel.WEBSOCKET}


class SendResult(TypedDict):
    """``created`` is false when a ``dedupe_key`` was met again: the id is then the first notification's."""

    success: bool
    notification_id: int
    created: bool
    channels_sent: list[str]
    channels_queued: list[str]
    errors: list[str]


def send_notification(
    user_id: Any,
    notification_type: str,
    subject: str,
    message: str = "",
    channels: Collection[str] | None = None,
    priority: str | None = None,
    data: dict[str, Any] | None = None,
    request_id: str | None = None,
    *,
    url: str = "",
    actor: models.Model | None = None,
    target: models.Model | None = None,
    expires_at: datetime | None = None,
    dedupe_key: str | None = None,
) -> SendResult:
    """Put one notification into a person's inbox and show it on their open pages.

    Inside a transaction it becomes visible when that commits, or never. It is never refused because a socket, the
    channel layer or a delivery channel fails.

    Args:
        user_id: a user or the primary key of one.
        notification_type: slug of a registered type.
        subject: up to 255 characters of plain text.
        message: plain text; with ``data`` up to 100,000 bytes.
        channels: delivery channels; by default ``in_app`` and ``websocket``. Without ``websocket`` it is silent.
        priority: ``low``, ``medium``, ``high`` or ``critical``; by default the type's own, which is ``medium``
            unless it was registered with another.
        url: a path on this site or an ``https://`` address.
        actor, target: saved model instances; their text and address are copied.
        dedupe_key: the same key for the same person is one notification; a second send returns the first.

    Raises:
        NotificationError: unknown type, unknown user or content that cannot be stored; nothing was written.
    """
    started = time.perf_counter()
    wanted = parse_channels(channels)
    content = build_content(
        notification_type,
        subject,
        message,
        channels=wanted,
        priority=priority,
        data=data,
        url=url,
        actor=actor,
        target=target,
        expires_at=expires_at,
        dedupe_key=dedupe_key,
    )
    recipient_id = parse_user_key(user_id)
    pk, created = _send(user_id, recipient_id, content, using=write_database())
    if created:
        notifications_sent_total.inc(content["type"])
    sent = [str(channel) for channel in wanted if channel in BUILT_IN]
    errors = [
        f"{channel}: no app that delivers by this channel is installed" for channel in wanted if channel not in BUILT_IN
    ]
    logger.info(
        "notification sent",
        extra={
            "request_id": request_id,
            "user_id": str(recipient_id),
            "notification_id": pk,
            "type": content["type"],
            "duplicate": not created,
            "seconds": round(time.perf_counter() - started, 6),
        },
    )
    return SendResult(
        success=True,
        notification_id=pk,
        created=created,
        channels_sent=sent,
        channels_queued=[],
        errors=errors,
    )


def _send(user: Any, recipient_id: Any, content: dict[str, Any], *, using: str) -> tuple[int, bool]:
    """Return the notification's id, and whether it is new."""
    if content["dedupe_key"] is None and fast_path.may_insert(connections[using]):
        # Whoever has an inbox exists.
        inserted = fast_path.insert(recipient_id, content, using=using)
        if inserted is not None:
            pk, change = inserted
            inbox_changed.send_robust(Inbox, changes=[change], using=using)
            return pk, True
    _require_known(user, recipient_id, using=using)
    notification, created = _insert(recipient_id, content, using=using)
    return notification.pk, created


def _require_known(user: Any, key: Any, *, using: str) -> None:
    # Asked first: PostgreSQL checks a foreign key only at the commit, where the error would hit the host.
    if not (isinstance(user, get_user_model()) and not user._state.adding) and not existing_users([key], using=using):
        raise UnknownRecipient(f"There is no user {str(key)[:64]!r}. Nothing was sent.")


@retry_deadlocks
def _insert(recipient_id: Any, content: dict[str, Any], *, using: str) -> tuple[Notification, bool]:
    rows = Notification.objects.using(using)
    key = content["dedupe_key"]
    if key is None and not notifications_inserted.receivers:
        with leave_users_unlocked(using=using):
            return rows.create(recipient_id=recipient_id, **content), True
    with transaction.atomic(using=using):
        with leave_users_unlocked(using=using):
            if key is None:
                notification, created = rows.create(recipient_id=recipient_id, **content), True
            else:
                # The inbox is locked only after this has committed: the other order deadlocks on the key.
                notification, created = rows.get_or_create(recipient_id=recipient_id, dedupe_key=key, defaults=content)
        if created:
            notifications_inserted.send(Notification, content=notification, user_ids=[recipient_id], using=using)
    return notification, created


asend_notification = sync_to_async(send_notification)
