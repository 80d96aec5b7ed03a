"""From what a program or a form says to what can be stored, or to errors that name the fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from ..conf import conf
from ..exceptions import NotificationError
from ..models import Frequency, PriorityFilter
from ..types import DeliveryChannel, all_types, get_type
from .mute_parsing import parse_mutes
from .mutes import Muted
from .values import Wrong, clock, flag, items_of, language, moment, one_of, time_zone, weekday
from .values import time_zones as time_zones

REQUIRED = {DeliveryChannel.IN_APP.value}  # the inbox is the log: everything is kept there
READ_ONLY = {"user_id", "updated_at"}  # in every answer; an answer may be sent back as it is

Key = tuple[str, str]  # type and delivery channel; "" is all of them


class InvalidPreferences(NotificationError):
    """Nothing was changed. ``errors`` has a sentence for each field that is wrong."""

    code = "invalid_preferences"

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__(" ".join(errors.values()))


class Parsed(NamedTuple):
    """Columns of a :class:`~notifications.models.Preference`, choices, and all that is muted; ``None``: not named."""

    columns: dict[str, Any]
    choices: dict[Key, bool]
    mutes: dict[Muted, datetime | None] | None


def parse(given: Mapping[str, Any]) -> Parsed:
    """Return what ``given`` names.

    Raises:
        InvalidPreferences: naming every field that is unknown or has a wrong value.
    """
    columns: dict[str, Any] = {}
    choices: dict[Key, bool] = {}
    mutes: dict[Muted, datetime | None] | None = None
    errors: dict[str, str] = {}
    for name, value in given.items():
        if name in READ_ONLY:
            continue
        try:
            if name in _CHOICES:
                choices.update(_CHOICES[name](value))
            elif name in _COLUMNS:
                columns[name] = _COLUMNS[name](value)
            elif name == "mutes":
                mutes = parse_mutes(value)
            else:
                raise Wrong(_("There is no such preference."))
        except Wrong as wrong:
            errors[name] = str(wrong)
    if errors:
        raise InvalidPreferences(errors)
    return Parsed(columns, choices, mutes)


def channel_names() -> list[str]:
    """The delivery channels that a person may choose: those that every site knows, and this site's own."""
    known = list(map(str, DeliveryChannel))
    return [*known, *(name for name in conf.CHANNELS if name not in known)]


def _by_channel(value: Any, kind: str = "") -> dict[Key, bool]:
    choices = {}
    for channel, wanted in items_of(value, channel_names(), _("delivery channels")):
        if not flag(wanted) and channel in REQUIRED:
            raise Wrong(_("{channel} cannot be switched off: everything is kept there.").format(channel=channel))
        if not wanted and kind and channel in get_type(kind).required:
            raise Wrong(_("{channel} cannot be switched off for {type}.").format(channel=channel, type=kind))
        choices[kind, channel] = wanted
    return choices


def _by_type(value: Any) -> dict[Key, bool]:
    return {(kind, ""): flag(wanted) for kind, wanted in items_of(value, _types(), _("types"))}


def _matrix(value: Any) -> dict[Key, bool]:
    choices: dict[Key, bool] = {}
    for kind, channels in items_of(value, _types(), _("types")):
        choices.update(_by_channel(channels, kind))
    return choices


def _types() -> list[str]:
    return [kind.slug for kind in all_types()]


_CHOICES: dict[str, Callable[[Any], dict[Key, bool]]] = {
    "channels": _by_channel,
    "types": _by_type,
    "matrix": _matrix,
}
_COLUMNS: dict[str, Callable[[Any], Any]] = {
    "priority": one_of(PriorityFilter.values),
    "quiet_hours_enabled": flag,
    "quiet_hours_start": clock,
    "quiet_hours_end": clock,
    "time_zone": time_zone,
    "frequency": one_of(Frequency.values),
    "digest_time": clock,
    "digest_weekday": weekday,
    "language": language,
    "paused_until": moment,
    "single_keys": flag,
    "sound": flag,
    "desktop": flag,
}
