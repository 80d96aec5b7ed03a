"""How one notification reached the person, and why; and how to hear less of its kind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from ..delivery.explain import explain, for_recipient
from ..delivery.reasons import with_moment
from ..exceptions import InvalidContent, UnknownType
from ..inbox.database import parse_user_key, write_database
from ..models import Notification, Preference
from ..preferences.mutes import mute, target_of
from ..types import get_type
from .mutes import UNMUTE, muted, unmute_one
from .zones import zone_named

SPANS = {"day": timedelta(days=1), "week": timedelta(weeks=1)}
MUTE_TYPE, MUTE_TARGET = "mute_type", "mute_target"


@never_cache
@csrf_protect
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def why(request: HttpRequest, notification_id: int) -> HttpResponse:
    """``GET``: each delivery channel, what was decided, and why. ``POST``: mute its type or its target, or unmute."""
    user_id = parse_user_key(request.user)
    notification = _own(user_id, notification_id)
    # Quiet hours end at an hour of the person's own day.
    with timezone.override(zone_named(_chosen_zone(user_id))):
        if request.method == "POST":
            _act(request, user_id, notification)
            return HttpResponseRedirect(request.get_full_path(), status=303)
        return render(request, "notifications/why.html", _context(user_id, notification))


def _context(user_id: Any, notification: Notification) -> dict[str, Any]:
    found = muted(user_id, about=notification)
    endless = {each.is_type for each in found if each.until is None}  # more than that cannot be muted
    return {
        "notification": notification,
        "explanations": for_recipient(explain(notification)),
        "muted": found,
        "can_mute_type": True not in endless and _is_registered(notification.type),
        "can_mute_target": False not in endless and target_of(notification) is not None,
    }


def _own(user_id: Any, notification_id: int) -> Notification:
    own = Notification.objects.using(write_database()).visible().filter(recipient_id=user_id)
    found = own.filter(pk=notification_id).first()
    if found is None:
        raise Http404
    return found


def _chosen_zone(user_id: Any) -> str:
    rows = Preference.objects.using(write_database()).filter(pk=user_id)
    return rows.values_list("time_zone", flat=True).first() or ""


def _act(request: HttpRequest, user_id: Any, notification: Notification) -> None:
    action, _colon, place = request.POST.get("action", "").partition(":")
    if action == UNMUTE and unmute_one(user_id, place):
        return messages.success(request, _("It is muted no more."), fail_silently=True)
    chosen = _chosen(action, notification)
    if chosen is None or place not in SPANS:
        return messages.error(request, _("That could not be done."), fail_silently=True)
    try:
        # Whoever asks to hear less must not hear more: what was muted for longer stays so.
        row = mute(user_id, until=timezone.now() + SPANS[place], may_shorten=False, **chosen)
    except InvalidContent:
        return messages.error(
            request, _("So much is muted already that there is no room for more."), fail_silently=True
        )
    until = row.until
    text = _("Muted until you unmute it.") if until is None else with_moment(_("Muted until {moment}."), until)
    return messages.success(request, text, fail_silently=True)


def _chosen(action: str, notification: Notification) -> dict[str, Any] | None:
    """What is to be muted; ``None`` where there is no such thing (any more)."""
    if action == MUTE_TYPE and _is_registered(notification.type):
        return {"type": notification.type}
    target = target_of(notification)
    return {"target": target} if action == MUTE_TARGET and target is not None else None


def _is_registered(slug: str) -> bool:
    try:
        get_type(slug)
    except UnknownType:
        return False
    return True
