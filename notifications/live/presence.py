"""Tell other processes who has a page open here: an escalation asks before it sends an e-mail."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from .. import types
from ..inbox.chunks import in_chunks
from ..inbox.database import existing_users
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import Presence

EVERY_SECONDS = 30.0
# Two rounds and a little more: one may come late.
LASTS_SECONDS = 75.0
USERS_PER_TRANSACTION = 500


def is_asked_for() -> bool:
    """Whether any type escalates. Otherwise nothing is written."""
    return any(kind.escalate for kind in types.all_types())


def write(user_ids: Collection[Any], *, using: str) -> None:
    """Note that these people are online, until a while from now."""
    until = timezone.now() + timedelta(seconds=LASTS_SECONDS)
    for chunk in in_chunks(sorted(user_ids), USERS_PER_TRANSACTION):
        _write(chunk, until, using=using)


def _write(user_ids: list[Any], until: datetime, *, using: str) -> None:
    _update(user_ids, until, using=using)
    rows = Presence.objects.using(using)
    missing = set(user_ids) - set(rows.filter(pk__in=user_ids).values_list("pk", flat=True))
    if not missing:
        return
    fresh = [Presence(user_id=key, online_until=until) for key in sorted(existing_users(missing, using=using))]
    # One of them was deleted in this moment: the others are written with the next round.
    with suppress(IntegrityError):
        _insert(fresh, using=using)


@retry_deadlocks
def _update(user_ids: list[Any], until: datetime, *, using: str) -> None:
    # In order, like another process with some of the same people; and not what is as good as written already.
    rows = Presence.objects.using(using)
    with short_transaction(using=using):
        old = rows.filter(pk__in=user_ids, online_until__lt=until - timedelta(seconds=EVERY_SECONDS / 3))
        keys = list(old.select_for_update().order_by("pk").values_list("pk", flat=True))
        rows.filter(pk__in=keys).update(online_until=until)


@retry_deadlocks
def _insert(fresh: list[Presence], *, using: str) -> None:
    with short_transaction(using=using):
        Presence.objects.using(using).bulk_create(fresh, ignore_conflicts=True)
