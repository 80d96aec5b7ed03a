"""Write what is to be delivered, in the transaction that sends; and decide again when it is due."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connections
from django.utils import timezone

from ..models import Content, Delivery, Notification, Reason, Status
from ..preferences.mutes import target_of
from .decide import LATER_WAITS, Decision, Question, decide, question_about
from .presence import online
from .registry import channel_names, get_channel
from .sql import Planned, insert_deliveries, insert_many_deliveries
from .wishes import Wishes, wishes_of

logger = logging.getLogger("notifications")


# -- In the transaction that sends ---------------------------------------------------------------------------


def write(content: Content, ids: Mapping[Any, int], channels: Collection[str], using: str, **_: Any) -> dict[str, Any]:
    """Receiver of ``delivery_wanted``: one row for each person and channel, in the sender's or the chunk's transaction.

    However many people they are, the database is asked three questions and one for each channel, and given one
    list of rows.

    Returns:
        of a send to one person the :class:`~notifications.models.Delivery` by channel; otherwise nothing.
    """
    now = timezone.now()
    planned = list(_plan(content, ids, channels, now=now, using=using))
    if len(ids) == 1:
        return {row.channel: row for row in insert_deliveries(planned, now=now, using=using)}
    insert_many_deliveries(planned, now=now, using=using)
    return {}


def _plan(
    content: Content, ids: Mapping[Any, int], channels: Collection[str], *, now: datetime, using: str
) -> Iterator[Planned]:
    target = target_of(content)
    wishes = wishes_of(list(ids), types=[content.type], targets=[target] if target else [], now=now, using=using)
    expired = content.expires_at is not None and content.expires_at <= now
    for channel in channels:
        question = _question(content, channel)
        reached = addresses_of(channel, ids, using=using)
        # Most people want the same: nothing is decided twice.
        known: dict[tuple[int, bool], Decision] = {}
        for user_id, notification_id in ids.items():
            theirs, has_address = wishes[user_id], user_id in reached
            decision = known.get((id(theirs), has_address))
            if decision is None:
                decision = decide(question, theirs, has_address=has_address, now=now)
                if expired and decision.status == Status.QUEUED:
                    decision = Decision(Status.SKIPPED, Reason.EXPIRED)
                known[id(theirs), has_address] = decision
            yield Planned(notification_id, user_id, channel, decision)


def _question(content: Content, channel: str) -> Question:
    return question_about(
        channel,
        is_configured=channel in channel_names(),
        type=content.type,
        target=target_of(content),
        priority=str(content.priority),
    )


def addresses_of(channel: str, user_ids: Collection[Any], *, using: str) -> Mapping[Any, Any]:
    """Who can be reached on a channel, and where.

    A channel that is set up wrongly never fails a send: it is as if everybody could be reached. The worker meets the
    same error, and keeps it for people to read.
    """
    try:
        adapter = get_channel(channel)
        return adapter.addresses(user_ids, using=using) if adapter else {}
    # Settings that are wrong, or a fault of a channel of the site's own, which may ask another database.
    except Exception as error:
        if isinstance(error, DatabaseError) and not _goes_on(using):
            raise
        described = f"{type(error).__name__}: {error}"
        logger.error("a delivery channel cannot say who it reaches", extra={"channel": channel, "error": described})
        return dict.fromkeys(user_ids, "")


def _goes_on(using: str) -> bool:
    """Whether the transaction has outlived an error: of some it is over, or begun again."""
    connection = connections[using]
    if connection.needs_rollback:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


# -- When it is due ------------------------------------------------------------------------------------------


def reconsider(deliveries: Collection[Delivery], *, now: datetime, using: str) -> dict[int, Decision]:
    """Decide again about rows whose time has come, since people change their minds, read, and delete.

    A row that has been gathered into a digest, or is to be, is not put off again. The row that carries a digest has no
    notification: of it only the channel, the address and the quiet hours matter.

    Args:
        deliveries: with their notifications, as ``select_related("notification")`` gives them.

    Returns:
        by primary key: to be sent now (:attr:`Decision.is_to_be_sent`), queued for later, or skipped.
    """
    user_ids = {each.recipient_id for each in deliveries}
    contents = [each.notification for each in deliveries if each.notification is not None]
    targets = {target for content in contents if (target := target_of(content)) is not None}
    types = {content.type for content in contents}
    wishes = wishes_of(user_ids, types=types, targets=targets, now=now, using=using)
    reached = {
        channel: addresses_of(channel, {each.recipient_id for each in rows}, using=using)
        for channel, rows in _by_channel(deliveries).items()
    }
    waited = {each.recipient_id for each in deliveries if each.reason == Reason.ESCALATION}
    there = online(waited, using=using) if waited else set()
    return {
        each.pk: _again(
            each,
            wishes[each.recipient_id],
            has_address=each.recipient_id in reached[each.channel],
            is_online=each.reason == Reason.ESCALATION and each.recipient_id in there,
            now=now,
        )
        for each in deliveries
    }


def _by_channel(deliveries: Iterable[Delivery]) -> dict[str, list[Delivery]]:
    rows: dict[str, list[Delivery]] = defaultdict(list)
    for each in deliveries:
        rows[each.channel].append(each)
    return rows


def _again(delivery: Delivery, wishes: Wishes, *, has_address: bool, is_online: bool, now: datetime) -> Decision:
    notification, channel = delivery.notification, delivery.channel
    if delivery.notification_id is None:
        carrier = Question(channel, is_configured=channel in channel_names(), required=True)
        return decide(carrier, wishes, has_address=has_address, now=now, waits={Reason.QUIET_HOURS})
    if notification is None:  # purged
        return Decision(Status.SKIPPED, Reason.DELETED)
    if reason := _is_over(notification, now) or (Reason.ONLINE if is_online else None):
        return Decision(Status.SKIPPED, reason)
    # The row that carries a digest waits for all of them.
    waits = frozenset[Reason]() if delivery.reason == Reason.DIGEST or delivery.digest_id else LATER_WAITS
    return decide(_question(notification, channel), wishes, has_address=has_address, now=now, waits=waits)


def _is_over(notification: Notification, now: datetime) -> Reason | None:
    """Why it is of no use any more to tell of it."""
    if notification.deleted_at is not None:
        return Reason.DELETED
    if notification.expires_at is not None and notification.expires_at <= now:
        return Reason.EXPIRED
    return Reason.READ if notification.read_at is not None else None
