"""Everything a person was told: to look through, search and put in order."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from ..exceptions import NotificationError
from ..inbox.database import parse_user_key, write_database
from ..inbox.services import mark_all_read
from ..models import Notification
from ..rest.actions import ALL_READ, BY_IDS
from ..rest.parameters import LARGEST, parse_digits
from .filters import STATES, HistoryFilter
from .state import state_of_page

PER_PAGE = 20


@never_cache
@csrf_protect
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def history(request: HttpRequest) -> HttpResponse:
    """``GET``: a page of the list, newest first. ``POST``: do something with notifications, and come back to it."""
    if request.method == "POST":
        _act(request)
        # The address of this very request, which Django keeps from being read as another host's.
        return HttpResponseRedirect(request.get_full_path(), status=303)
    state = state_of_page(request)  # before the rows
    form = HistoryFilter(request.GET)
    right = form.is_valid()
    rows = _rows(request, form) if right else []
    shown = rows[:PER_PAGE]
    context = {
        "form": form,
        "filters": [form[name] for name in ("type", "priority", "from", "to")],
        "tabs": [(name, label, _address(request, state=name)) for name, label in STATES.items()],
        "tab": form.tab if right else "all",
        "notifications": shown,
        "newest_seq": state.rev if state else 0,
        "unread_count": state.unread_count if state else 0,
        "next_url": _address(request, before=shown[-1].seq) if len(rows) > PER_PAGE else "",
        "first_url": _address(request) if request.GET.get("before") else "",
        "plain_url": request.path,
    }
    return render(request, "notifications/history.html", context, status=200 if right else 400)


def _rows(request: HttpRequest, form: HistoryFilter) -> list[Notification]:
    """One more than a page, which tells whether there is a next one."""
    own = Notification.objects.using(write_database()).visible().filter(recipient_id=parse_user_key(request.user))
    return list(own.filter(form.chosen()).defer("data").order_by("-seq")[: PER_PAGE + 1])


def _address(request: HttpRequest, **changes: Any) -> str:
    """This page with other parameters, from its top unless ``before`` is among them."""
    query = request.GET.copy()
    query.pop("before", None)
    for name, value in changes.items():
        query[name] = str(value)
    return f"?{query.urlencode()}" if query else request.path


def _act(request: HttpRequest) -> None:
    action, _colon, place = request.POST.get("action", "").partition(":")
    if action == ALL_READ:
        seq = parse_digits(place)
        if seq is None:
            return messages.error(request, _("That could not be done."), fail_silently=True)
        return _say(request, action, mark_all_read(request.user, min(seq, LARGEST)).changed)
    ids = [number for text in _named(request, place) if (number := parse_digits(text)) is not None]
    if action not in BY_IDS:
        return messages.error(request, _("That could not be done."), fail_silently=True)
    if not ids:
        return messages.warning(request, _("Nothing was selected."), fail_silently=True)
    try:
        return _say(request, action, BY_IDS[action](request.user, ids).changed)
    except NotificationError:  # more ids than any page shows
        return messages.error(request, _("That could not be done."), fail_silently=True)


def _named(request: HttpRequest, place: str) -> list[str]:
    """The row's own button names it; the buttons for many are about what is checked."""
    return [place] if place else request.POST.getlist("ids")


def _say(request: HttpRequest, action: str, count: int) -> None:
    text = _done(action, count).format(count=count) if count else _("Nothing had to be changed.")
    messages.success(request, text, fail_silently=True)


def _done(action: str, count: int) -> str:
    match action:
        case "mark_unread":
            return ngettext("{count} notification marked unread.", "{count} notifications marked unread.", count)
        case "archive":
            return ngettext("{count} notification archived.", "{count} notifications archived.", count)
        case "unarchive":
            return ngettext("{count} notification moved back.", "{count} notifications moved back.", count)
        case "delete":
            return ngettext("{count} notification deleted.", "{count} notifications deleted.", count)
    return ngettext("{count} notification marked read.", "{count} notifications marked read.", count)
