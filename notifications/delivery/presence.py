"""Who has a page open, as far as the server processes have told."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils import timezone

from ..models import Presence


def online(user_ids: Collection[Any], *, using: str) -> set[Any]:
    """Those of them who have a page open, or had until a minute ago."""
    rows = Presence.objects.using(using).filter(pk__in=list(user_ids), online_until__gt=timezone.now())
    return set(rows.values_list("pk", flat=True))
