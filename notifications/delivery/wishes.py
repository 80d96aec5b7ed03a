"""What people want, as far as deliveries are concerned: three queries, however many people they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from ..inbox.among import among
from ..models import Frequency, Mute, Preference, PreferenceChoice, PriorityFilter
from ..preferences.mutes import Target

_COLUMNS = (
    "priority",
    "quiet_hours_enabled",
    "quiet_hours_start",
    "quiet_hours_end",
    "time_zone",
    "frequency",
    "digest_time",
    "digest_weekday",
    "paused_until",
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """One person's. Without arguments those of somebody who never changed anything.

    ``off`` has pairs of type and channel, where ``""`` means all of them; ``quiet`` is when the quiet hours begin and
    end.
    """

    off: Collection[tuple[str, str]] = frozenset()
    muted_types: Collection[str] = frozenset()
    muted_targets: Collection[Target] = frozenset()
    priority: str = PriorityFilter.ALL.value
    quiet: tuple[time, time] | None = None
    zone: tzinfo = field(default_factory=timezone.get_default_timezone)
    frequency: str = Frequency.INSTANT.value
    digest_time: time = time(8, 0)
    digest_weekday: int = 0
    paused_until: datetime | None = None


def wishes_of(
    user_ids: Collection[Any], *, types: Collection[str], targets: Collection[Target], now: datetime, using: str
) -> dict[Any, Wishes]:
    """The wishes of each of them, as far as notifications of these types about these targets are concerned."""
    off, columns = _off(user_ids, types, using=using), _columns(user_ids, using=using)
    muted_types, muted_targets = _mutes(user_ids, types, targets, now=now, using=using)
    found = dict.fromkeys(user_ids, Wishes())
    for user_id in {*off, *columns, *muted_types, *muted_targets}:
        found[user_id] = Wishes(
            off.get(user_id, frozenset()),
            muted_types.get(user_id, frozenset()),
            muted_targets.get(user_id, frozenset()),
            **columns.get(user_id, {}),
        )
    return found


def _off(user_ids: Collection[Any], types: Collection[str], *, using: str) -> dict[Any, set[tuple[str, str]]]:
    off: dict[Any, set[tuple[str, str]]] = defaultdict(set)
    rows = PreferenceChoice.objects.using(using).filter(
        among("user_id", user_ids, using=using), type__in=["", *types], enabled=False
    )
    for user_id, kind, channel in rows.values_list("user_id", "type", "channel"):
        off[user_id].add((kind, channel))
    return off


def _mutes(
    user_ids: Collection[Any], types: Collection[str], targets: Collection[Target], *, now: datetime, using: str
) -> tuple[dict[Any, set[str]], dict[Any, set[Target]]]:
    by_type: dict[Any, set[str]] = defaultdict(set)
    by_target: dict[Any, set[Target]] = defaultdict(set)
    theirs = Mute.objects.using(using).filter(among("user_id", user_ids, using=using))
    lasts = Q(until__isnull=True) | Q(until__gt=now)
    concerned = Q(type__in=types)
    if targets:
        # A few too many where there are several targets: whoever decides compares both.
        concerned |= Q(target_type__in={each.type_id for each in targets}, target_id__in={each.id for each in targets})
    rows = theirs.filter(lasts, concerned).values_list("user_id", "type", "target_type_id", "target_id")
    for user_id, kind, type_id, target_id in rows:
        if kind:
            by_type[user_id].add(kind)
        else:
            by_target[user_id].add(Target(type_id, target_id))
    return by_type, by_target


def _columns(user_ids: Collection[Any], *, using: str) -> dict[Any, dict[str, Any]]:
    rows = Preference.objects.using(using).filter(among("pk", user_ids, using=using))
    return {user_id: dict(_fields(*values)) for user_id, *values in rows.values_list("pk", *_COLUMNS)}


def _fields(
    priority: str,
    quiet_hours_enabled: bool,
    quiet_hours_start: time,
    quiet_hours_end: time,
    time_zone: str,
    frequency: str,
    digest_time: time,
    digest_weekday: int,
    paused_until: datetime | None,
) -> Iterator[tuple[str, Any]]:
    yield "priority", priority
    yield "quiet", (quiet_hours_start, quiet_hours_end) if quiet_hours_enabled else None
    yield "zone", _zone(time_zone) or timezone.get_default_timezone()
    yield "frequency", frequency
    yield "digest_time", digest_time
    yield "digest_weekday", digest_weekday
    yield "paused_until", paused_until


@lru_cache(maxsize=1_000)
def _zone(name: str) -> tzinfo | None:
    """``None`` for no name, and for one that this machine does not know (any more)."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # the first is what ZoneInfoNotFoundError is
        return None
