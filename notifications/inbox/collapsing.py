"""What is said again and again becomes one row with a count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import F, Max, Q
from django.utils import timezone

from ..models import Changed, Inbox, Notification
from ..types import Priority
from .commit import number_after_commit
from .database import can_skip_locked

# What the newer one says instead.
SAID_ANEW = (
    "subject",
    "message",
    "url",
    "data",
    "actor_type_id",
    "actor_id",
    "actor_text",
    "actor_url",
    "target_type_id",
    "target_id",
    "target_text",
    "target_url",
    "expires_at",
)


OPEN = Q(read_at=None, archived_at=None, deleted_at=None)
URGENCY = list(Priority)


def collapse(content: Mapping[str, Any], user_ids: list[Any], window: timedelta, *, using: str) -> dict[Any, int]:
    """Let the rows that already say it count on, inside the caller's transaction. Returns them by user.

    Only into a row that is as urgent: what is critical must not wait where something less urgent does.
    """
    as_urgent = URGENCY[URGENCY.index(Priority(content["priority"])) :]
    standing = Notification.objects.using(using).filter(
        OPEN,
        recipient_id__in=user_ids,
        type=content["type"],
        collapse_key=content["collapse_key"],
        priority__in=as_urgent,
        created_at__gte=timezone.now() - window,
    )
    newest = standing.order_by().values("recipient_id").annotate(newest=Max("pk")).values_list("newest", flat=True)
    found = _lock(list(newest), using=using)
    if found:
        said = {field: content.get(field, _unsaid(field)) for field in SAID_ANEW}
        rows = Notification.objects.using(using).filter(pk__in=list(found.values()))
        rows.change(Changed.CONTENT, count=F("count") + 1, **said)
        number_after_commit(list(found), using=using)
    return found


def lock_inboxes(user_ids: list[Any], *, using: str) -> None:
    """Of two who say the same at once, for the first time, the second then finds the first one's row.

    Not in a host's transaction: nobody could number there until it ends.
    """
    inboxes = Inbox.objects.using(using).select_for_update().filter(pk__in=user_ids).order_by("pk")
    list(inboxes.values_list("pk", flat=True))


def _lock(ids: list[int], *, using: str) -> dict[Any, int]:
    """Those that nobody has read meanwhile, and that nobody holds, who may be about to."""
    rows = Notification.objects.using(using).filter(OPEN, pk__in=ids).order_by("pk")
    return dict(rows.select_for_update(skip_locked=can_skip_locked(using)).values_list("recipient_id", "pk"))


def _unsaid(name: str) -> Any:
    field: Any = Notification._meta.get_field(name)
    return None if name.endswith("type_id") else field.get_default()
