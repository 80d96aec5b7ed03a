"""From what a program or a form says to what can be stored, or to errors that name the fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ..exceptions import NotificationError
from ..models import Frequency, PriorityFilter
from ..types import DeliveryChannel, all_types

YEARS = range(1970, 9_999)  # every database and time zone can hold these
REQUIRED = {DeliveryChannel.IN_APP.value}  # the inbox is the log: everything is kept there
READ_ONLY = {"user_id", "updated_at"}  # in every answer; an answer may be sent back as it is

Key = tuple[str, str]  # type and delivery channel; "" is all of them

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_NO_ZONES = {"Factory", "localtime", "posixrules"}


class InvalidPreferences(NotificationError):
    """Nothing was changed. ``errors`` has a sentence for each field that is wrong."""

    code = "invalid_preferences"

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__(" ".join(errors.values()))


class _Wrong(ValueError):
    """What is wrong with one field, for people."""


def parse(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[Key, bool]]:
    """Return the columns of a :class:`~notifications.models.Preference` that ``given`` names, and its choices.

    Raises:
        InvalidPreferences: naming every field that is unknown or has a wrong value.
    """
    columns: dict[str, Any] = {}
    choices: dict[Key, bool] = {}
    errors: dict[str, str] = {}
    for name, value in given.items():
        if name in READ_ONLY:
            continue
        try:
            if name in _CHOICES:
                choices.update(_CHOICES[name](value))
            elif name in _COLUMNS:
                columns[name] = _COLUMNS[name](value)
            else:
                raise _Wrong(_("There is no such preference."))
        except _Wrong as wrong:
            errors[name] = str(wrong)
    if errors:
        raise InvalidPreferences(errors)
    return columns, choices


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """The IANA names that this machine knows, in order."""
    return tuple(sorted(available_timezones() - _NO_ZONES))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(_("Must be true or false."))
    return value


def _clock(value: Any) -> time:
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise _Wrong(_("Must be a time of the day such as 22:30."))
    return time(int(value[:2]), int(value[3:]))


def _one_of(values: list[str]) -> Callable[[Any], str]:
    def parse_one(value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise _Wrong(_("Must be one of {values}.").format(values=", ".join(values)))
        return str(value)

    return parse_one


def _time_zone(value: Any) -> str:
    if not isinstance(value, str) or (value and value not in time_zones()):
        raise _Wrong(_("Must be the name of a time zone such as Europe/Madrid, or empty for the site's."))
    return value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = _parsed(value)
    if moment is None or moment.year not in YEARS:
        raise _Wrong(_("Must be a date and time such as 2030-01-31T08:00:00Z, or null."))
    if timezone.is_naive(moment):
        moment = moment.replace(tzinfo=UTC)
    return moment if settings.USE_TZ else timezone.make_naive(moment)


def _parsed(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return parse_datetime(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:  # well-formed, and no day of any calendar
        return None


def _object(value: Any, known: list[str], what: str | Promise) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise _Wrong(_("Must be an object of names and values."))
    for name, item in value.items():
        if name not in known:
            raise _Wrong(_("{name!r:.100} is not one of the {what}.").format(name=name, what=what))
        yield name, item


def _by_channel(value: Any, kind: str = "") -> dict[Key, bool]:
    choices = {}
    for channel, wanted in _object(value, list(DeliveryChannel), _("delivery channels")):
        if not _flag(wanted) and channel in REQUIRED:
            raise _Wrong(_("{channel} cannot be switched off: everything is kept there.").format(channel=channel))
        choices[kind, channel] = wanted
    return choices


def _by_type(value: Any) -> dict[Key, bool]:
    return {(kind, ""): _flag(wanted) for kind, wanted in _object(value, _types(), _("types"))}


def _matrix(value: Any) -> dict[Key, bool]:
    choices: dict[Key, bool] = {}
    for kind, channels in _object(value, _types(), _("types")):
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
    "priority": _one_of(PriorityFilter.values),
    "quiet_hours_enabled": _flag,
    "quiet_hours_start": _clock,
    "quiet_hours_end": _clock,
    "time_zone": _time_zone,
    "frequency": _one_of(Frequency.values),
    "paused_until": _moment,
    "single_keys": _flag,
    "sound": _flag,
    "desktop": _flag,
}
