"""Read and write one person's preferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from ..exceptions import UnknownRecipient
from ..inbox.database import existing_users, parse_user_key, write_database
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import Preference, PreferenceChoice
from ..types import DeliveryChannel, all_types
from .parsing import Key, parse

DEFAULT = True  # everything is wanted until somebody says no

_OPTIONS = ("single_keys", "sound", "desktop")


def preferences_of(user: Any) -> dict[str, Any]:
    """Everything that can be preferred, with the defaults where the person has not chosen. Nothing is written.

    ``types``, ``channels`` and ``matrix`` name every registered type and every delivery channel. ``updated_at`` is
    ``None`` for who never changed anything, ``paused_until`` where the pause is over.

    Raises:
        UnknownRecipient: no such user.
    """
    user_id, using = parse_user_key(user), write_database()
    row = Preference.objects.using(using).filter(pk=user_id).first()
    if row is None:
        if not existing_users([user_id], using=using):
            raise UnknownRecipient(f"There is no user {user_id}.")
        row = Preference(user_id=user_id)
    return {"user_id": user_id, **_columns(row), **_choices(user_id, using=using), "updated_at": row.updated_at}


def update_preferences(user: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Change what ``given`` names, leave the rest, and return all as :func:`preferences_of` does.

    Raises:
        InvalidPreferences: naming every field that is wrong; nothing was changed.
        UnknownRecipient: no such user.
    """
    user_id, using = parse_user_key(user), write_database()
    columns, choices = parse(given)
    if not existing_users([user_id], using=using):
        raise UnknownRecipient(f"There is no user {user_id}.")
    if columns or choices:
        try:
            _write(user_id, columns, choices, using=using)
        except IntegrityError:
            if existing_users([user_id], using=using):
                raise
            raise UnknownRecipient(f"There is no user {user_id}.") from None  # deleted a moment ago
    return preferences_of(user_id)


def page_options(user_id: Any, *, using: str) -> dict[str, bool]:
    """What an open page must know of the preferences, in one query."""
    row = Preference.objects.using(using).filter(pk=user_id).values(*_OPTIONS).first()
    return row or {name: getattr(Preference(), name) for name in _OPTIONS}


def _columns(row: Preference) -> dict[str, Any]:
    over = row.paused_until is not None and row.paused_until <= timezone.now()
    return {
        "priority": str(row.priority),
        "quiet_hours_enabled": row.quiet_hours_enabled,
        "quiet_hours_start": f"{row.quiet_hours_start:%H:%M}",
        "quiet_hours_end": f"{row.quiet_hours_end:%H:%M}",
        "time_zone": row.time_zone or timezone.get_default_timezone_name(),
        "frequency": str(row.frequency),
        "paused_until": None if over else row.paused_until,
        **{name: getattr(row, name) for name in _OPTIONS},
    }


def _choices(user_id: Any, *, using: str) -> dict[str, Any]:
    rows = PreferenceChoice.objects.using(using).filter(user_id=user_id)
    chosen = {(kind, channel): wanted for kind, channel, wanted in rows.values_list("type", "channel", "enabled")}
    channels = [str(channel) for channel in DeliveryChannel]
    types = [kind.slug for kind in all_types()]
    return {
        "channels": {channel: chosen.get(("", channel), DEFAULT) for channel in channels},
        "types": {kind: chosen.get((kind, ""), DEFAULT) for kind in types},
        "matrix": {kind: {channel: chosen.get((kind, channel), DEFAULT) for channel in channels} for kind in types},
    }


@retry_deadlocks
def _write(user_id: Any, columns: dict[str, Any], choices: dict[Key, bool], *, using: str) -> None:
    with short_transaction(using=using):
        Preference.objects.using(using).get_or_create(pk=user_id)
        # Held while the choices are compared: two tabs would both insert the same one.
        row = Preference.objects.using(using).select_for_update().get(pk=user_id)
        for name, value in columns.items():
            setattr(row, name, value)
        row.save(using=using, update_fields=[*columns, "updated_at"])
        if choices:
            _write_choices(user_id, choices, using=using)


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
