"""What a person has muted, as pages show it and take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ..exceptions import UnknownType
from ..inbox.database import write_database
from ..models import Mute, Notification
from ..rest.parameters import parse_digits
from ..types import get_type

UNMUTE = "unmute"


@dataclass(frozen=True, slots=True)
class Muted:
    pk: int
    text: str
    until: datetime | None  # None: without end
    is_type: bool


def muted(user_id: Any, *, about: Notification | None = None) -> list[Muted]:
    """What holds now: all of it, or only what concerns one notification."""
    rows = _current(user_id)
    if about is not None:
        target = Q(target_type=about.target_type_id, target_id=about.target_id, type="")
        rows = rows.filter(Q(type=about.type) | target if about.target_type_id else Q(type=about.type))
    return [Muted(row.pk, _text(row), row.until, bool(row.type)) for row in rows.order_by("pk")]


def unmute_one(user_id: Any, place: str) -> bool:
    """Take back the one with this id, if it is the person's own. Returns whether it was."""
    number = parse_digits(place)
    return number is not None and _current(user_id).filter(pk=number).delete()[0] > 0


def _current(user_id: Any) -> QuerySet[Mute]:
    rows = Mute.objects.using(write_database()).filter(user_id=user_id)
    return rows.filter(Q(until=None) | Q(until__gt=timezone.now()))


def _text(row: Mute) -> str:
    if not row.type:
        return row.target_text or _("Something that is gone")
    try:
        return str(get_type(row.type).label)
    except UnknownType:
        return row.type
