"""What a person has muted, as a program says it."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _

from ..inbox.database import write_database
from ..types import all_types
from .mutes import MAX_MUTES, Muted, Target
from .values import Wrong, items_of, moment, one_of_the

FIELDS = ["type", "target", "target_id", "text", "until"]

_MODEL = re.compile(r"(\w{1,100})\.(\w{1,100})")


def parse_mutes(value: Any) -> dict[Muted, datetime | None]:
    """Return what is muted, and until when. Of two that are the same the later one counts.

    Raises:
        Wrong: not a list of what can be muted.
    """
    if not isinstance(value, list) or len(value) > MAX_MUTES:
        raise Wrong(_("Must be a list of at most {most}.").format(most=MAX_MUTES))
    return dict(map(_mute, value))


def _mute(value: Any) -> tuple[Muted, datetime | None]:
    given = dict(items_of(value, FIELDS, _("fields of a mute")))
    until = moment(given.pop("until", None))
    if given.keys() == {"type"}:
        types = [kind.slug for kind in all_types()]
        return (one_of_the(types, given["type"], _("types")), None), until
    # The text comes with every answer, and an answer may be sent back.
    if given.keys() - {"text"} != {"target", "target_id"}:
        raise Wrong(_("Each must name either a type, or a target and its target_id."))
    return ("", Target(_content_type(given["target"]), _target_id(given["target_id"]))), until


def _content_type(value: Any) -> int:
    if isinstance(value, str) and (label := _MODEL.fullmatch(value.lower())):
        with suppress(ContentType.DoesNotExist):
            return ContentType.objects.db_manager(write_database()).get_by_natural_key(*label.groups()).pk
    raise Wrong(_("{value!r:.100} is not a model of this site, such as shop.product.").format(value=value))


def _target_id(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 255 or not _is_storable(value):
        raise Wrong(_("A target_id must be text of 1 to 255 characters."))
    return value


def _is_storable(text: str) -> bool:
    """Databases refuse a NUL, and half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
