"""The two parts of an e-mail, from templates that a site may replace: all of them, or those of one type.

``notifications/email/<slug>.html`` and ``.txt`` stand for one type, ``_message`` for all that have none, ``_digest``
for what comes together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import select_template
from django.utils import timezone, translation

from ...conf import conf
from ...models import Notification
from ...types import find_type
from ..addresses import absolute, page
from ..base import Message
from ..message import one_line, rest_of

_GAPS = re.compile(r"\n{3,}")


def text_of(message: Message, options: Mapping[str, Any]) -> str:
    return _GAPS.sub("\n\n", _rendered(message, "txt", options)).strip() + "\n"


def html_of(message: Message, options: Mapping[str, Any]) -> str:
    return _rendered(message, "html", options)


def template_names(message: Message, kind: str) -> list[str]:
    """The first of them that there is, is taken."""
    if message.is_digest:
        return [f"notifications/email/_digest.{kind}"]
    return [f"notifications/email/{message.notifications[0].type}.{kind}", f"notifications/email/_message.{kind}"]


def _rendered(message: Message, kind: str, options: Mapping[str, Any]) -> str:
    zone = ZoneInfo(message.time_zone) if settings.USE_TZ and message.time_zone else None
    with translation.override(message.language), timezone.override(zone):
        return str(select_template(template_names(message, kind)).render(_context(message, options)))


def _context(message: Message, options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "message": message,
        "notification": message.notifications[0],
        "entries": [_entry(notification) for notification in message.notifications],
        "rest": rest_of(message.more),
        "label": _label(message.notifications[0]),
        "site_name": options["SITE_NAME"] or urlsplit(conf.SITE_URL).hostname or "",
        "site_url": conf.SITE_URL,
        "history_url": page("history"),
        "preferences_url": page("preferences"),
    }


def _entry(notification: Notification) -> dict[str, Any]:
    """One line of a digest."""
    return {
        "notification": notification,
        "subject": one_line(notification.subject),
        "url": absolute(notification.link),
        "label": _label(notification),
    }


def _label(notification: Notification) -> str:
    kind = find_type(notification.type)
    return str(kind.label) if kind else notification.type
