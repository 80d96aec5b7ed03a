"""``{% load notifications %}``: the bell, the one module that makes it live, and a mark for what has been looked at.

Nothing inline, so ``Content-Security-Policy: default-src 'self'; script-src 'self'; style-src 'self'`` suffices.
"""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.handlers.asgi import ASGIRequest
from django.db import models
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils import timezone

from ..conf import conf
from ..delivery.devices import push_channel
from ..exceptions import UnknownType
from ..inbox.changes import InboxState
from ..inbox.database import write_database
from ..links import safe_link
from ..models import Notification
from ..pages.push import device_strings
from ..pages.state import state_of_page
from ..pages.strings import bell_label, strings_json
from ..preferences.services import page_options
from ..types import get_type

register = template.Library()

WS_PATH = "ws/notifications"
_STYLED = "_notifications_styled"


@register.inclusion_tag("notifications/bell.html", takes_context=True)
def notification_bell(context: Any, url: str | None = None, *, ws_url: str | None = None) -> dict[str, Any]:
    """The number of unread notifications, and all that the element needs; nothing for people who are not logged in.

    Args:
        url: where a click leads where there is no JavaScript; by default the history page.
        ws_url: where the site serves the socket; empty, the page asks every few seconds instead. By default the
            usual address, or empty on a site that is served by WSGI alone.
    """
    request, state = _request(context), _state(context)
    if request is None or state is None:
        return {"state": None}
    history_url = _address("notifications:history")
    return {
        "state": state,
        "url": history_url if url is None else url,
        "ws_url": _ws_url(request) if ws_url is None else ws_url,
        "api_url": _address("notifications:api-list"),
        "history_url": history_url,
        "preferences_url": _address("notifications:preferences"),
        "csrf": get_token(request),
        "options": json.dumps(page_options(state.user_id, using=write_database()), separators=(",", ":")),
        "at": int(timezone.now().timestamp() * 1000),
        "strings": strings_json(),
        "count": "99+" if state.unread_count > 99 else state.unread_count,
        "label": bell_label(state.unread_count),
        "styles": _is_first(request),
        "nonce": _nonce(context, request),
    }


@register.inclusion_tag("notifications/scripts.html", takes_context=True)
def notification_scripts(context: Any, *, toasts: bool = True) -> dict[str, Any]:
    """The one script, which makes the bell and the pages live; nothing for people who are not logged in.

    Best in the ``<head>``: the stylesheet comes with whichever tag is the first, and there it holds nothing up.

    Args:
        toasts: whether new notifications pop up on this page.
    """
    request = _request(context)
    if request is None or _state(context) is None:
        return {"shown": False}
    return {"shown": True, "toasts": toasts, "styles": _is_first(request), "nonce": _nonce(context, request)}


@register.inclusion_tag("notifications/target.html", takes_context=True)
def mark_target_read(context: Any, target: models.Model | None) -> dict[str, Any]:
    """Whoever looks at this page has read what is unread about ``target``.

    It renders a hidden mark with the ids, and the page's own script posts them once the page is visible. The server
    changes nothing while it renders: browsers fetch pages ahead, mail scanners and link previews open them, and a GET
    that marks read would hide what nobody has seen. What arrives after the page was rendered is not in it, and stays
    unread. Without JavaScript nothing is marked; the person can still do it on the history page.
    """
    state = _state(context)
    if state is None or target is None or target.pk is None:
        return {"ids": ""}
    unread = (
        Notification.objects.using(write_database())
        .visible()
        .filter(
            recipient_id=state.user_id,
            read_at=None,
            archived_at=None,
            target_type=ContentType.objects.get_for_model(target),
            target_id=str(target.pk),
        )
    )
    ids = unread.order_by("-seq").values_list("pk", flat=True)[: conf.MAX_IDS]
    return {"ids": ",".join(map(str, ids))}


@register.inclusion_tag("notifications/push_device.html", takes_context=True)
def notification_push_device(context: Any) -> dict[str, Any]:
    """The section that switches push messages on and off for this browser; nothing where the site sends none.

    It shows itself by its own module: without JavaScript there is nothing to switch.
    """
    request, state, worker_url = _request(context), _state(context), _address("notifications:service-worker")
    if request is None or state is None or not worker_url or push_channel() is None:
        return {"shown": False}
    return {
        "shown": True,
        "user": state.user_id,
        "worker_url": worker_url,
        "scope": worker_url.rpartition("/")[0] + "/",
        "api_url": _address("notifications:api-push-subscriptions"),
        "csrf": get_token(request),
        "strings": device_strings(),
        "nonce": _nonce(context, request),
    }


@register.filter
def notification_link(url: str) -> str:
    """``url``, or nothing where it is not one that a notification may lead to."""
    return safe_link(str(url))


@register.filter
def notification_type(slug: str) -> Any:
    """What people call this type; its slug where it is registered no more."""
    try:
        return get_type(slug).label
    except UnknownType:
        return slug


def _is_first(request: HttpRequest) -> bool:
    """Whether no tag of this page has linked the stylesheet yet."""
    first = not hasattr(request, _STYLED)
    setattr(request, _STYLED, True)
    return first


def _request(context: Any) -> HttpRequest | None:
    request: HttpRequest | None = context.get("request") or getattr(context, "request", None)
    return request


def _state(context: Any) -> InboxState | None:
    return state_of_page(_request(context))


def _ws_url(request: HttpRequest) -> str:
    """A site may serve its pages by WSGI and its sockets by ASGI: then it says so in its settings."""
    if isinstance(request, ASGIRequest) or getattr(settings, "ASGI_APPLICATION", None):
        return get_script_prefix() + WS_PATH
    return ""


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""  # the element then offers no such link


def _nonce(context: Any, request: HttpRequest) -> str:
    """Django 6's or django-csp's, where the site uses one. To ask for it is what puts it into the header."""
    found = (context.get("csp_nonce"), getattr(request, "csp_nonce", None), getattr(request, "_csp_nonce", None))
    # Not by truth: Django's is false until it has been asked for.
    return str(next((nonce for nonce in found if nonce is not None), ""))
