"""Every text that the elements say, in the language of the page. They have none of their own.

Placeholders such as ``{count}`` are filled in by the element.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

TEXTS: dict[str, str | Promise] = {
    "bell_none": _("No unread notifications"),
    "title": _("Notifications"),
    "tab_all": pgettext_lazy("notifications", "All"),
    "tab_unread": pgettext_lazy("notifications", "Unread"),
    "tab_read": pgettext_lazy("notifications", "Read"),
    "mark_all_read": _("Mark all read"),
    "mark_read": _("Mark read"),
    "mark_unread": _("Mark unread"),
    "archive": pgettext_lazy("verb", "Archive"),
    "delete": _("Delete"),
    "undo": _("Undo"),
    "archived": pgettext_lazy("notifications", "Archived"),
    "more": _("Load more"),
    "empty_all": _("No notifications yet."),
    "empty_unread": _("Nothing unread. You are up to date."),
    "empty_read": _("Nothing read yet."),
    "loading": _("Loading…"),
    "error": _("Could not load."),
    "retry": _("Try again"),
    "close": _("Close"),
    "history": _("All notifications"),
    "preferences": _("Notification preferences"),
    "state_polling": _("Live updates are off; checking every few seconds."),
    "state_reconnecting": _("Connection lost. Connecting again…"),
    "state_signed_out": _("You are signed out."),
    "toasts": _("New notifications"),
    "unread": pgettext_lazy("notification", "Unread"),
    "priority_high": pgettext_lazy("notification", "High priority"),
    "priority_critical": pgettext_lazy("notification", "Critical"),
    "from": _("From {actor}"),
    "failed": _("That did not work: {reason}"),
    "offline": _("Offline: will be done later."),
    "keys_title": _("Keyboard shortcuts"),
    "key_next": _("Next notification"),
    "key_previous": _("Previous notification"),
    "key_open": _("Open"),
    "key_archive": pgettext_lazy("verb", "Archive"),
    "key_read": _("Mark read"),
    "key_unread": _("Mark unread"),
    "key_help": _("Show these shortcuts"),
    "announce": "{subject}",
    "actions": _("Actions for {subject}"),
    "use_time_zone": _("Use {zone}"),
}

PLURALS: dict[str, Callable[[int], str]] = {
    "bell": lambda count: ngettext("{count} unread notification", "{count} unread notifications", count),
    "deleted": lambda count: ngettext("{count} notification deleted", "{count} notifications deleted", count),
    "count": lambda count: ngettext("{count} time", "{count} times", count),
    "fresh": lambda count: ngettext("{count} new", "{count} new", count),
    "toasts_more": lambda count: ngettext("and {count} more", "and {count} more", count),
    "announce_many": lambda count: ngettext("{count} new notification", "{count} new notifications", count),
}

MANY = 5  # whose form stands for "other": that of small numbers is another in some languages


def bell_label(count: int) -> str:
    """The bell's accessible name."""
    return PLURALS["bell"](count).format(count=count) if count else str(TEXTS["bell_none"])


def strings_json() -> str:
    """All of them as one JSON object; those with a number have the forms ``one`` and ``other``."""
    return _in_language(get_language() or "")


@lru_cache(maxsize=64)
def _in_language(language: str) -> str:
    texts: dict[str, object] = {key: str(text) for key, text in TEXTS.items()}
    plurals = {key: {"one": form(1), "other": form(MANY)} for key, form in PLURALS.items()}
    return json.dumps({**texts, **plurals}, ensure_ascii=False, separators=(",", ":"))
