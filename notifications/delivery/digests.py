"""What waits for a digest: bring it together when it is time, and close it together.

The row that carries a digest is made, and those that it carries are tied to it, in one transaction. From then on it is
claimed, tried again and finished like any other, so whatever dies when, each notification is in one digest, once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.utils import timezone

from ..inbox.database import can_skip_locked
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import Delivery, Inbox, Preference, Reason, Status
from . import claims
from .decide import Decision

ROWS_PER_STEP = 500


def waiting_members(*, using: str) -> QuerySet[Delivery]:
    """Rows that wait for their digest and are due."""
    rows = Delivery.objects.using(using).filter(status=Status.QUEUED, reason=Reason.DIGEST, digest=None)
    return rows.filter(due_at__lte=timezone.now(), notification__isnull=False)


@retry_deadlocks
def gather(*, using: str) -> int:
    """Make some of the digests that are due. Returns how many; 0 when all are made, or others are at it."""
    found = waiting_members(using=using).order_by("due_at", "pk").values_list("recipient_id", flat=True)
    user_ids = sorted(set(found[:ROWS_PER_STEP]))
    if not user_ids:
        return 0
    with short_transaction(using=using):
        return _gather(_lock(user_ids, using=using), using=using)


def _lock(user_ids: Collection[Any], *, using: str) -> list[Any]:
    """Those of whom nobody else makes a digest now: two workers would each make one of some of it.

    Who has no preferences (any more) is locked by their inbox; who has neither cannot be.
    """
    left, mine = set(user_ids), set[Any]()
    for model in (Preference, Inbox):
        rows = model._default_manager.using(using).filter(pk__in=left)
        locked = rows.select_for_update(skip_locked=can_skip_locked(using)).order_by("pk")
        mine.update(locked.values_list("pk", flat=True))
        left -= set(rows.values_list("pk", flat=True))
    return sorted(mine | left)


def _gather(user_ids: Collection[Any], *, using: str) -> int:
    members: dict[tuple[Any, str], list[int]] = defaultdict(list)
    due = waiting_members(using=using).filter(recipient_id__in=user_ids).order_by("pk")
    for pk, recipient_id, channel in due.values_list("pk", "recipient_id", "channel"):
        members[recipient_id, channel].append(pk)
    carriers = _insert_carriers(members, using=using)
    pairs = zip(carriers, members.values(), strict=True)
    # Another worker may have been quicker with people who could not be locked.
    empty = [carrier.pk for carrier, ids in pairs if not _tie(carrier, ids, using=using)]
    if empty:
        Delivery.objects.using(using).filter(pk__in=empty).delete()
    return len(carriers) - len(empty)


def _insert_carriers(keys: Iterable[tuple[Any, str]], *, using: str) -> list[Delivery]:
    now = timezone.now()
    carriers = [
        Delivery(recipient_id=recipient_id, channel=channel, reason=Reason.DIGEST, due_at=now, created_at=now)
        for recipient_id, channel in keys
    ]
    rows = Delivery.objects.using(using)
    if connections[using].features.can_return_rows_from_bulk_insert:
        return rows.bulk_create(carriers)
    for carrier in carriers:  # MySQL
        carrier.save(using=using, force_insert=True)
    return carriers


def _tie(carrier: Delivery, ids: list[int], *, using: str) -> bool:
    return bool(waiting_members(using=using).filter(pk__in=ids).update(digest=carrier, due_at=None))


def members_of(carrier: Delivery, *, using: str) -> list[Delivery]:
    """What a carrier brings, with the notifications, as far as they exist; the oldest first.

    Without what they say at length: there may be thousands, and few are listed.
    """
    rows = Delivery.objects.using(using).filter(digest=carrier, status=Status.QUEUED).select_related("notification")
    return list(rows.defer("notification__message", "notification__data").order_by("pk"))


@retry_deadlocks
def finish(
    carrier: Delivery,
    status: Status,
    reason: str = "",
    *,
    left_out: Collection[tuple[Delivery, Decision]] = (),
    answer: str = "",
    using: str,
) -> bool:
    """Close a carrier and what it carries. Returns false if another worker has it by now; then nothing was written.

    Args:
        left_out: members that are not in the message, and why.
    """
    with short_transaction(using=using):
        if not claims.finish(carrier, status, reason, answer=answer, using=using):
            return False
        members = Delivery.objects.using(using).filter(digest=carrier, status=Status.QUEUED)
        by_reason: dict[str, list[int]] = defaultdict(list)
        for member, decision in left_out:
            by_reason[decision.reason].append(member.pk)
        for why, ids in by_reason.items():
            members.filter(pk__in=ids).update(**claims.closing(Status.SKIPPED, why, ""))
        members.update(**claims.closing(status, reason, ""))
    return True
