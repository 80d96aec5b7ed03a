"""Read and write one person's preferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from ..exceptions import UnknownRecipient
from ..inbox.database import existing_users, parse_user_key, write_database
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import Preference, PreferenceChoice
from ..types import all_types
from .mutes import mutes_of, replace_mutes
from .parsing import Key, Parsed, channel_names, parse
from .popups import read_for_pages
from .rows import lock_preference, of_somebody

DEFAULT = True  # everything is wanted until somebody says no

_OPTIONS = ("single_keys", "sound", "desktop")


def preferences_of(user: Any) -> dict[str, Any]:
    """Everything that can be preferred, with the defaults where the person has not chosen. Nothing is written.

    ``types``, ``channels`` and ``matrix`` name every registered type and every delivery channel; what a type requires
    is wanted. ``updated_at`` is ``None`` for who never changed anything, ``paused_until`` where the pause is over.

    Raises:
        UnknownRecipient: no such user.
    """
    user_id, using = parse_user_key(user), write_database()
    row = Preference.objects.using(using).filter(pk=user_id).first()
    if row is None:
        if not existing_users([user_id], using=using):
            raise UnknownRecipient(f"There is no user {user_id}.")
        row = Preference(user_id=user_id)
    return {
        "user_id": user_id,
        **_columns(row),
        **_choices(user_id, using=using),
        "mutes": mutes_of(user_id, using=using),
        "updated_at": row.updated_at,
    }


def update_preferences(user: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Change what ``given`` names, leave the rest, and return all as :func:`preferences_of` does.

    Raises:
        InvalidPreferences: naming every field that is wrong; nothing was changed.
        UnknownRecipient: no such user.
    """
    user_id, using = parse_user_key(user), write_database()
    parsed = parse(given)
    with of_somebody(user_id, using=using):
        if parsed.columns or parsed.choices or parsed.mutes is not None:
            _write(user_id, parsed, using=using)
    return preferences_of(user_id)


def page_options(user_id: Any, *, using: str) -> dict[str, Any]:
    """What an open page must know of the preferences, in one query where nothing is chosen, and three at most.

    ``wishes`` are there only where something shall not pop up.
    """
    row, wishes = read_for_pages(user_id, using=using)
    options: dict[str, Any] = {name: getattr(row, name) for name in _OPTIONS}
    return {**options, "wishes": wishes} if wishes else options


def _columns(row: Preference) -> dict[str, Any]:
    over = row.paused_until is not None and row.paused_until <= timezone.now()
    return {
        "priority": str(row.priority),
        "quiet_hours_enabled": row.quiet_hours_enabled,
        "quiet_hours_start": f"{row.quiet_hours_start:%H:%M}",
        "quiet_hours_end": f"{row.quiet_hours_end:%H:%M}",
        "time_zone": row.time_zone or timezone.get_default_timezone_name(),
        "frequency": str(row.frequency),
        "digest_time": f"{row.digest_time:%H:%M}",
        "digest_weekday": row.digest_weekday,
        "language": row.language,
        "paused_until": None if over else row.paused_until,
        **{name: getattr(row, name) for name in _OPTIONS},
    }


def _choices(user_id: Any, *, using: str) -> dict[str, Any]:
    rows = PreferenceChoice.objects.using(using).filter(user_id=user_id)
    chosen = {(kind, channel): wanted for kind, channel, wanted in rows.values_list("type", "channel", "enabled")}
    channels, types = channel_names(), all_types()
    chosen |= {(kind.slug, channel): True for kind in types for channel in kind.required}
    return {
        "channels": {channel: chosen.get(("", channel), DEFAULT) for channel in channels},
        "types": {kind.slug: chosen.get((kind.slug, ""), DEFAULT) for kind in types},
        "matrix": {
            kind.slug: {channel: chosen.get((kind.slug, channel), DEFAULT) for channel in channels} for kind in types
        },
    }


@retry_deadlocks
def _write(user_id: Any, parsed: Parsed, *, using: str) -> None:
    with short_transaction(using=using):
        row = lock_preference(user_id, using=using)
        for name, value in parsed.columns.items():
            setattr(row, name, value)
        row.save(using=using, update_fields=[*parsed.columns, "updated_at"])
        if parsed.choices:
            _write_choices(user_id, parsed.choices, using=using)
        if parsed.mutes is not None:
            replace_mutes(user_id, parsed.mutes, using=using)


def _write_choices(user_id: Any, choices: dict[Key, bool], *, using: str) -> None:
    """Keep deviations only: who goes back to the default hears of it when the default changes."""
    rows = PreferenceChoice.objects.using(using)
    kept = {(row.type, row.channel): row for row in rows.filter(user_id=user_id)}
    known = {key: kept[key].enabled if key in kept else DEFAULT for key in choices}
    changed = {key: wanted for key, wanted in choices.items() if wanted != known[key]}
    rows.filter(pk__in=[kept[key].pk for key in changed if key in kept]).delete()
    rows.bulk_create(
        PreferenceChoice(user_id=user_id, type=kind, channel=channel, enabled=wanted)
        for (kind, channel), wanted in changed.items()
        if wanted != DEFAULT
    )
