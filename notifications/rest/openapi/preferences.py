"""The preferences: what they are, and the two operations on them."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from ...models import Frequency, PriorityFilter
from ...preferences.mutes import MAX_MUTES
from ...preferences.parsing import REQUIRED, channel_names
from ...types import NotificationType, all_types
from .answers import answer, refusals, schema
from .bodies import IN_YEARS, NO_NUL
from .operation import FOR_ONE, WITH_BODY, Operation, change, operation
from .parameters import REQUEST_ID, body, user_id
from .schemas import MOMENT_OR_NULL, TEXT, Schema, described, record

ADDRESS = "/api/notification-preferences"

CHOICES: Schema = {"type": "object", "additionalProperties": {"type": "boolean"}}
CLOCK: Schema = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}
WEEKDAY: Schema = {"type": "integer", "minimum": 0, "maximum": 6, "description": "From Monday, 0, to Sunday, 6."}
MUTE: Schema = {
    "anyOf": [
        record({"type": TEXT, "until": MOMENT_OR_NULL}),
        record(
            {
                "target": described(TEXT, "A model, such as `shop.product`."),
                "target_id": TEXT,
                "text": described(TEXT, "What the notifications called it; may be empty."),
                "until": MOMENT_OR_NULL,
            }
        ),
    ],
}
PREFERENCES = record(
    {
        "user_id": {"type": ["integer", "string"]},
        "channels": described(CHOICES, "Each delivery channel: whether anything may come that way."),
        "types": described(CHOICES, "Each type: whether it is wanted at all."),
        "matrix": described(
            {"type": "object", "additionalProperties": CHOICES},
            "Each type on each delivery channel. A notification goes out unless one of the three says no.",
        ),
        "priority": {"type": "string", "enum": list(PriorityFilter.values)},
        "quiet_hours_enabled": {"type": "boolean"},
        "quiet_hours_start": CLOCK,
        "quiet_hours_end": CLOCK,
        "time_zone": described(TEXT, "Of the quiet hours and digests; the site's where the person chose none."),
        "frequency": {"type": "string", "enum": list(Frequency.values)},
        "digest_time": described(CLOCK, "When what is sent together comes."),
        "digest_weekday": WEEKDAY,
        "language": described(TEXT, "Empty for the site's."),
        "mutes": described(
            {"type": "array", "items": schema("Mute")},
            "Types, and things, of which nothing goes out until then; null: until it is taken from the list.",
        ),
        "paused_until": described(MOMENT_OR_NULL, "Null where nothing is paused, or no longer."),
        "single_keys": described({"type": "boolean"}, "Whether pages answer to keys such as J and K."),
        "sound": {"type": "boolean"},
        "desktop": {"type": "boolean"},
        "updated_at": described(MOMENT_OR_NULL, "Null where these are the defaults."),
    }
)
TIME_ZONE: Schema = {"type": "string", "description": "An IANA name such as `Europe/Madrid`; empty for the site's own."}
MODEL: Schema = {"type": "string", "description": "A model of this site, such as `shop.product`."}
UNTIL: Schema = {"type": ["string", "null"], "format": "date-time", "pattern": IN_YEARS}


def preference_paths() -> dict[str, Any]:
    parameters = [REQUEST_ID, user_id()]
    return {ADDRESS: {"parameters": parameters, "get": _preferences(), "put": _update_preferences()}}


def preference_schemas() -> Schema:
    """Made anew each time: types are registered while Django starts."""
    return {
        "Preferences": PREFERENCES,
        "Mute": MUTE,
        "PreferenceChanges": _preference_changes(),
        "MuteChange": _mute_change(),
        "Model": MODEL,
        "TimeZone": TIME_ZONE,
        "ChannelChoices": _channel_choices(),
    }


def _preferences() -> Operation:
    return operation(
        "getPreferences",
        "What the person wants to hear of, how and when",
        {"200": answer("Everything, defaults included.", schema("Preferences")), **refusals(*FOR_ONE)},
    )


def _update_preferences() -> Operation:
    return change(
        "updatePreferences",
        "Change what the body names",
        {"200": answer("Everything, as it is then.", schema("Preferences")), **refusals(*FOR_ONE, *WITH_BODY)},
        description="The rest stays. What is unknown or wrong is a 400, and nothing is changed.",
        requestBody=body("PreferenceChanges", required=False),
    )


def _preference_changes() -> Schema:
    """Closed, unlike other bodies: here an unknown field is a 400."""
    types = [kind.slug for kind in all_types()]
    clock: Schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
    flag: Schema = {"type": "boolean"}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "user_id": described({}, "Ignored, like `updated_at`: an answer may be sent back."),
            "updated_at": {},
            "channels": schema("ChannelChoices"),
            "types": _closed(dict.fromkeys(types, flag)),
            "matrix": _closed({kind.slug: _cells(kind) for kind in all_types()}),
            "priority": {"type": "string", "enum": list(PriorityFilter.values)},
            "quiet_hours_enabled": flag,
            "quiet_hours_start": clock,
            "quiet_hours_end": clock,
            "time_zone": schema("TimeZone"),
            "frequency": {"type": "string", "enum": list(Frequency.values)},
            "digest_time": clock,
            "digest_weekday": WEEKDAY,
            "language": {"type": "string", "enum": ["", *(code for code, _ in settings.LANGUAGES)]},
            "mutes": described(
                {"type": "array", "maxItems": MAX_MUTES, "items": schema("MuteChange")},
                "All there is to be from now on: what is not named is muted no more.",
            ),
            "paused_until": UNTIL,
            "single_keys": flag,
            "sound": flag,
            "desktop": flag,
        },
    }


def _channel_choices() -> Schema:
    channels: Schema = {channel: {"type": "boolean"} for channel in channel_names()}
    return _closed({**channels, **{channel: {"const": True} for channel in sorted(REQUIRED)}})


def _cells(kind: type[NotificationType]) -> Schema:
    required = sorted(set(kind.required) - REQUIRED)
    if not required:
        return schema("ChannelChoices")
    return {
        "allOf": [schema("ChannelChoices"), {"properties": {channel: {"const": True} for channel in required}}],
        "description": f"Of this type nobody can switch off {', '.join(required)}.",
    }


def _mute_change() -> Schema:
    types = [kind.slug for kind in all_types()]
    target: Schema = {
        "target": schema("Model"),
        "target_id": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": NO_NUL},
    }
    return {
        "anyOf": [
            {**_closed({"type": {"type": "string", "enum": types}, "until": UNTIL}), "required": ["type"]},
            {
                **_closed({**target, "until": UNTIL, "text": described({}, "Ignored: an answer may be sent back.")}),
                "required": list(target),
            },
        ]
    }


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}
