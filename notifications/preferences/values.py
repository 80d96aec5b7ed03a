"""One value each, from what a program or a form says to what can be stored."""

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

from ..models import WEEKDAYS

YEARS = range(1970, 9_999)  # every database and time zone can hold these

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_NO_ZONES = {"Factory", "localtime", "posixrules"}


class Wrong(ValueError):
    """What is wrong with one field, for people."""


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """The IANA names that this machine knows, in order."""
    return tuple(sorted(available_timezones() - _NO_ZONES))


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(_("Must be true or false."))
    return value


def clock(value: Any) -> time:
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise Wrong(_("Must be a time of the day such as 22:30."))
    return time(int(value[:2]), int(value[3:]))


def one_of(values: list[str]) -> Callable[[Any], str]:
    def parse_one(value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise Wrong(_("Must be one of {values}.").format(values=", ".join(values)))
        return str(value)

    return parse_one


def weekday(value: Any) -> int:
    # 1.0 is a whole number in JSON, and true is 1 in Python.
    if type(value) not in {int, float} or value not in dict(WEEKDAYS):
        raise Wrong(_("Must be a number from 0 (Monday) to 6 (Sunday)."))
    return int(value)


def language(value: Any) -> str:
    known = [code for code, _name in settings.LANGUAGES]
    if not isinstance(value, str) or (value and value not in known):
        raise Wrong(_("Must be one of {values}, or empty for the site's.").format(values=", ".join(known)))
    return value


def time_zone(value: Any) -> str:
    if not isinstance(value, str) or (value and value not in time_zones()):
        raise Wrong(_("Must be the name of a time zone such as Europe/Madrid, or empty for the site's."))
    return value


def moment(value: Any) -> datetime | None:
    if value is None:
        return None
    found = _parsed(value)
    if found is None or found.year not in YEARS:
        raise Wrong(_("Must be a date and time such as 2030-01-31T08:00:00Z, or null."))
    if timezone.is_naive(found):
        found = found.replace(tzinfo=UTC)
    return found if settings.USE_TZ else timezone.make_naive(found)


def _parsed(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return parse_datetime(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:  # well-formed, and no day of any calendar
        return None


def items_of(value: Any, known: list[str], what: str | Promise) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise Wrong(_("Must be an object of names and values."))
    for name, item in value.items():
        yield one_of_the(known, name, what), item


def one_of_the(known: list[str], name: Any, what: str | Promise) -> str:
    if name not in known:
        raise Wrong(_("{name!r:.100} is not one of the {what}.").format(name=name, what=what))
    return str(name)
