"""``{% load notifications %}``: the bell and the list, rendered by the server and kept current by one ES module.

Nothing inline, so ``Content-Security-Policy: default-src 'self'`` suffices.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, ngettext

from ..inbox.changes import InboxState, inbox_states
from ..inbox.database import parse_user_key, write_database
from ..models import Notification

register = template.Library()

WS_URL = "/ws/notifications"

_STATE = "_notifications_state"


@register.inclusion_tag("notifications/bell.html", takes_context=True)
def notification_bell(context: Any, url: str = "", *, ws_url: str = WS_URL) -> dict[str, Any]:
    """The number of unread notifications; nothing for people who are not logged in.

    Args:
        url: where a click leads; without it the bell is no link.
        ws_url: where the site serves the socket.
    """
    state = _state(context)
    if state is None:
        return {"state": None}
    return {
        "state": state,
        "url": url,
        "ws_url": ws_url,
        "api_url": _api_url(),
        "count": "99+" if state.unread_count > 99 else state.unread_count,
        "label": _label(state.unread_count),
        "label_none": _label(0),
        "label_one": _label(1),
        "label_many": gettext("{count} unread notifications"),
    }


@register.inclusion_tag("notifications/list.html", takes_context=True)
def notification_list(context: Any, limit: int = 10) -> dict[str, Any]:
    """The newest notifications that are not archived.

    Its buttons are submit buttons named ``mark_read`` (an id) and ``mark_all_read`` (a ``seq``): inside a form of the
    site they work without JavaScript, too.
    """
    state = _state(context)
    if state is None:
        return {"state": None}
    rows = Notification.objects.using(write_database()).visible()
    newest = rows.filter(recipient_id=state.user_id, archived_at=None).order_by("-seq")
    # A blank one for the <template> that new rows are made from.
    return {"state": state, "notifications": list(newest[:limit]), "blank": Notification(), "limit": limit}


def _state(context: Any) -> InboxState | None:
    """Where the inbox stands, asked once per page, and before its rows.

    The page goes on from there: a row that changes meanwhile is heard of twice, where the other order would lose it.
    """
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    # An error page may be rendered without a request; it should not fail a second time.
    if request is None or user is None or not user.is_authenticated:
        return None
    if not hasattr(request, _STATE):
        key = parse_user_key(user)
        setattr(request, _STATE, inbox_states([key], using=write_database()).get(key))
    state: InboxState | None = getattr(request, _STATE)
    return state


def _label(count: int) -> str:
    if count == 0:
        return gettext("No unread notifications")
    return ngettext("{count} unread notification", "{count} unread notifications", count).format(count=count)


def _api_url() -> str:
    try:
        return reverse("notifications:api-list")
    except NoReverseMatch:
        return ""  # the module then tries the usual address
