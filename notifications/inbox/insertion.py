"""One notification into one inbox, by the quickest way that is right."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import OperationalError, connections, transaction

from ..exceptions import UnknownRecipient
from ..models import Delivery, Inbox, Notification
from ..signals import delivery_wanted, inbox_changed, notifications_inserted
from . import fast_path
from .collapsing import collapse, lock_inboxes
from .composing import Outgoing, window_of
from .database import existing_users
from .inboxes import ensure_inboxes
from .transactions import leave_users_unlocked, retry_deadlocks, short_transaction

Inserted = tuple[int, bool, dict[str, Delivery]]


def insert_one(user: Any, recipient_id: Any, outgoing: Outgoing, *, using: str) -> Inserted:
    """Return the notification's id, whether it is new, and what becomes of it on other channels.

    Raises:
        UnknownRecipient: there is no such user.
    """
    content = outgoing.content
    plain = content["dedupe_key"] is None and content["collapse_key"] is None and not outgoing.external
    if plain and fast_path.may_insert(connections[using]):
        # Whoever has an inbox exists.
        inserted = fast_path.insert(recipient_id, content, using=using)
        if inserted is not None:
            pk, change = inserted
            inbox_changed.send_robust(Inbox, changes=[change], using=using)
            return pk, True, {}
    require_known(user, recipient_id, using=using)
    if plain and not notifications_inserted.receivers:
        return _insert_alone(recipient_id, content, using=using), True, {}
    return _insert_exactly(recipient_id, outgoing, using=using)


def require_known(user: Any, key: Any, *, using: str) -> None:
    """Asked first: PostgreSQL checks a foreign key only at the commit, where the error would hit the host."""
    if not (isinstance(user, get_user_model()) and not user._state.adding) and not existing_users([key], using=using):
        raise UnknownRecipient(f"There is no user {str(key)[:64]!r}. Nothing was sent.")


@retry_deadlocks
def _insert_alone(recipient_id: Any, content: dict[str, Any], *, using: str) -> int:
    with leave_users_unlocked(using=using):
        return Notification.objects.using(using).create(recipient_id=recipient_id, **content).pk


def _insert_exactly(recipient_id: Any, outgoing: Outgoing, *, using: str) -> Inserted:
    """What collapses locks the inbox first, where that holds nobody up; and does without if somebody else has it.

    Nor where there is a ``dedupe_key``: the inbox is locked only after its row has committed, and the other order
    deadlocks.
    """
    content = outgoing.content
    if content["collapse_key"] is None or content["dedupe_key"] is not None or connections[using].in_atomic_block:
        return _insert(recipient_id, outgoing, locked=False, using=using)
    ensure_inboxes([recipient_id], using=using)
    try:
        return _insert(recipient_id, outgoing, locked=True, using=using)
    except OperationalError:  # the lock was not had in time
        return _insert(recipient_id, outgoing, locked=False, using=using)


@retry_deadlocks
def _insert(recipient_id: Any, outgoing: Outgoing, *, locked: bool, using: str) -> Inserted:
    content, rows = outgoing.content, Notification.objects.using(using)
    with short_transaction(using=using) if locked else transaction.atomic(using=using):
        if locked:
            lock_inboxes([recipient_id], using=using)
        if content["collapse_key"] is not None:
            found = collapse(content, [recipient_id], window_of(outgoing.kind), using=using)
            if found:
                return found[recipient_id], False, {}
        with leave_users_unlocked(using=using):
            if content["dedupe_key"] is None:
                notification, created = rows.create(recipient_id=recipient_id, **content), True
            else:
                notification, created = rows.get_or_create(
                    recipient_id=recipient_id, dedupe_key=content["dedupe_key"], defaults=content
                )
        ids = {recipient_id: notification.pk}
        deliveries = announce(Notification, notification, ids, outgoing.external, using=using) if created else {}
    return notification.pk, created, deliveries


def announce(sender: Any, content: Any, ids: dict[Any, int], channels: list[str], *, using: str) -> dict[str, Delivery]:
    """Tell inside the transaction that these notifications were inserted. Returns the deliveries of the only one."""
    notifications_inserted.send(sender, content=content, ids=ids, using=using)
    deliveries: dict[str, Delivery] = {}
    if channels and ids:
        answers: Any = delivery_wanted.send(sender, content=content, ids=ids, channels=channels, using=using)
        for _, answer in answers:
            deliveries |= answer or {}
    return deliveries
