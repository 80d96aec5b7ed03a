"""Send to one person."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypedDict

from asgiref.sync import sync_to_async
from django.db import models

from ..models import Reason, Status
from ..observability.metrics import notifications_sent_total
from .composing import Given, Outgoing, compose, needs_language
from .database import parse_user_key, write_database
from .insertion import insert_one
from .languages import languages_of
from .scheduling import schedule

logger = logging.getLogger("notifications")


class SendResult(TypedDict):
    """What became of a send to one person.

    ``created`` is false when a ``dedupe_key`` was met again, or a row with the same ``collapse_key`` has counted on:
    the id is then that notification's. ``channels_queued`` are handed to workers, ``channels_skipped`` says of the
    others why this person does not want or cannot have it there.

    With ``send_at`` there is no notification yet; ``batch_id`` is what
    :func:`~notifications.inbox.batches.cancel_batch` takes.
    """

    success: bool
    notification_id: int | None
    created: bool
    channels_sent: list[str]
    channels_queued: list[str]
    channels_skipped: dict[str, str]
    errors: list[str]
    batch_id: int | None


def send_notification(
    user_id: Any,
    notification_type: Any,
    subject: str | None = None,
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
    collapse_key: str | None = None,
    send_at: datetime | None = None,
    context: Mapping[str, Any] | None = None,
) -> SendResult:
    """Put one notification into a person's inbox, show it on their open pages, and queue it for other channels.

    Inside a transaction it becomes visible when that commits, or never. It is never refused because a socket, the
    channel layer or a delivery channel fails.

    Args:
        user_id: a user or the primary key of one.
        notification_type: slug of a registered type, or its class.
        subject: up to 255 characters of plain text; by default what the type's template makes of ``context``.
        message: plain text; with ``data`` up to 100,000 bytes. By default the type's, as with ``url``.
        channels: delivery channels; by default the type's own. Without ``websocket`` it is silent.
        priority: ``low``, ``medium``, ``high`` or ``critical``; by default the type's own, which is ``medium``
            unless it was registered with another.
        url: a path on this site or an ``https://`` address.
        actor, target: saved model instances; their text and address are copied.
        dedupe_key: the same key for the same person is one notification; a second send returns the first.
        collapse_key: while the person has an unread notification of the same type and key that is not older than the
            type's window (an hour without) nor less urgent, that one says what this one does, and counts on. Of two
            transactions that say it for the first time at the same moment each leaves a row of its own.
        send_at: when it is to be sent. Nothing is decided before.
        context: names that the type's templates use.

    Raises:
        NotificationError: unknown type, unknown user or content that cannot be stored; nothing was written.
    """
    started = time.perf_counter()
    given = Given(
        subject=subject,
        message=message,
        channels=channels,
        priority=priority,
        data=data,
        url=url,
        actor=actor,
        target=target,
        expires_at=expires_at,
        dedupe_key=dedupe_key,
        collapse_key=collapse_key,
        send_at=send_at,
        context=context,
    )
    using = write_database()
    recipient_id = parse_user_key(user_id)
    language = None
    if needs_language(notification_type, given):
        language = languages_of([recipient_id], using=using)[recipient_id]
    outgoing = compose(notification_type, given, language=language)
    if outgoing.due_at is None:
        result = _send_now(user_id, recipient_id, outgoing, using=using)
    else:
        result = _send_later(user_id, recipient_id, outgoing, using=using)
    logger.info(
        "notification sent" if result["batch_id"] is None else "notification scheduled",
        extra={
            "request_id": request_id,
            "user_id": str(recipient_id),
            "notification_id": result["notification_id"],
            "type": outgoing.kind.slug,
            "duplicate": not result["created"] and result["batch_id"] is None,
            "seconds": round(time.perf_counter() - started, 6),
        },
    )
    return result


def _send_now(user: Any, recipient_id: Any, outgoing: Outgoing, *, using: str) -> SendResult:
    pk, created, deliveries = insert_one(user, recipient_id, outgoing, using=using)
    if created:
        notifications_sent_total.inc(outgoing.kind.slug)
    skipped = {name: str(row.reason) for name, row in deliveries.items() if row.status == Status.SKIPPED}
    return SendResult(
        success=True,
        notification_id=pk,
        created=created,
        channels_sent=outgoing.built_in,
        channels_queued=[name for name, row in deliveries.items() if row.status == Status.QUEUED],
        channels_skipped=skipped if created else dict.fromkeys(outgoing.external, Reason.DUPLICATE.value),
        errors=outgoing.errors,
        batch_id=None,
    )


def _send_later(user: Any, recipient_id: Any, outgoing: Outgoing, *, using: str) -> SendResult:
    batch = schedule(user, recipient_id, outgoing, using=using)
    return SendResult(
        success=True,
        notification_id=None,
        created=False,
        channels_sent=[],
        channels_queued=outgoing.channels,
        channels_skipped={},
        errors=outgoing.errors,
        batch_id=batch.pk,
    )


asend_notification = sync_to_async(send_notification)
