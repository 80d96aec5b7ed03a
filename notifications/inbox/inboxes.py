"""Make the inbox row of people who have none yet."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import IntegrityError
from django.db.models import Count, Max, Q

from ..models import Inbox, Notification
from .database import existing_users


def ensure_inboxes(user_ids: Collection[Any], *, using: str) -> None:
    """Create what is missing; keys that belong to no user are left out.

    Called before a numbering transaction, never inside one: on MariaDB the insert there deadlocks.
    An inbox that is made anew (someone deleted it) starts above the highest revision that still stands.
    """
    wanted = set(user_ids)
    wanted -= set(Inbox.objects.using(using).filter(pk__in=wanted).values_list("pk", flat=True))
    if not wanted:
        return
    wanted = existing_users(wanted, using=using)
    earlier = {
        row["recipient_id"]: row
        for row in Notification.objects.using(using)
        .filter(recipient_id__in=wanted, rev__isnull=False)
        .order_by()
        .values("recipient_id")
        .annotate(last_rev=Max("rev"), unread_count=Count("id", filter=Q(counted=True)))
    }
    fresh = [
        Inbox(
            user_id=user_id,
            last_rev=earlier[user_id]["last_rev"] if user_id in earlier else 0,
            unread_count=earlier[user_id]["unread_count"] if user_id in earlier else 0,
        )
        for user_id in sorted(wanted)
    ]
    try:
        Inbox.objects.using(using).bulk_create(fresh, ignore_conflicts=True)
    except IntegrityError:
        if len(fresh) > 1:  # one of them was deleted meanwhile; the others must not suffer
            for inbox in fresh:
                ensure_inboxes([inbox.user_id], using=using)
