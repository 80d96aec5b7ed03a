"""What a person's pages must know to let nothing pop up that the person does not want to hear of.

The browser decides, in the moment itself: quiet hours begin while a page is open, and a pause ends.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ..models import Mute, Preference, PreferenceChoice, PriorityFilter
from ..types import DeliveryChannel, all_types

_COLUMNS = (
    "single_keys", "sound", "desktop", "priority", "quiet_hours_enabled", "quiet_hours_start", "quiet_hours_end",
    "time_zone", "paused_until",
)  # fmt: skip
_MUTE = ("type", "target_type_id", "target_id", "until")
_ON_PAGES = DeliveryChannel.WEBSOCKET.value


def read_for_pages(user_id: Any, *, using: str) -> tuple[Preference, dict[str, Any]]:
    """Return the person's preference, or the defaults, and what ``client/wishes.js`` asks: empty, all may pop up.

    One query for who chose nothing; one more each for choices and mutes, where there are any that count here.
    """
    choices, mutes = _choices(OuterRef("pk")), _mutes(OuterRef("pk"))
    person = get_user_model()._base_manager.using(using).filter(pk=user_id)
    names = [f"notification_preference__{name}" for name in _COLUMNS]
    values = person.values_list(Exists(choices), Exists(mutes), *names).first() or (False, False, *[None] * len(names))
    has_choices, has_mutes, *columns = values
    row = Preference(**{name: value for name, value in zip(_COLUMNS, columns, strict=True) if value is not None})
    wishes = _of_row(row)
    if has_choices:
        off = _choices(user_id).using(using).values_list("type", flat=True)
        wishes["off"] = sorted(set(off))
    if has_mutes:
        wishes["mutes"] = [_mute(*mute) for mute in _mutes(user_id).using(using).values_list(*_MUTE).order_by("pk")]
    required = [kind.slug for kind in all_types() if _ON_PAGES in kind.required]
    if wishes and required:
        wishes["required"] = required
    return row, wishes


def _of_row(row: Preference) -> dict[str, Any]:
    wishes: dict[str, Any] = {}
    if row.priority != PriorityFilter.ALL:
        wishes["priority"] = str(row.priority)
    if row.quiet_hours_enabled:
        zone = row.time_zone or timezone.get_default_timezone_name()
        wishes["quiet"] = [f"{row.quiet_hours_start:%H:%M}", f"{row.quiet_hours_end:%H:%M}", zone]
    if row.paused_until is not None and row.paused_until > timezone.now():
        wishes["paused_until"] = _iso(row.paused_until)
    return wishes


def _choices(user: Any) -> QuerySet[PreferenceChoice]:
    """Types that shall not pop up; an empty type is all of them."""
    return PreferenceChoice.objects.filter(user=user, channel__in=["", _ON_PAGES], enabled=False)


def _mutes(user: Any) -> QuerySet[Mute]:
    return Mute.objects.filter(Q(until=None) | Q(until__gt=timezone.now()), user=user)


def _mute(kind: str, target_type_id: int | None, target_id: str, until: datetime | None) -> list[str | None]:
    """A target is named as in the frames, with a colon, which no type has."""
    return [kind or f"{target_type_id}:{target_id}", _iso(until) if until else None]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
