"""What a person wants to hear of, how and when: a plain form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from ..exceptions import UnknownRecipient
from ..inbox.database import parse_user_key
from ..inbox.services import delete_all
from ..preferences.parsing import InvalidPreferences
from ..preferences.services import preferences_of, update_preferences
from .forms import PreferencesForm
from .matrix import Matrix
from .mutes import UNMUTE, muted, unmute_one
from .zones import zone_named

WRONG = 422  # what scripts that swap pages need, to tell a form with errors from one that was taken


@never_cache
@csrf_protect
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """``GET``: the form. ``POST``: save it, or do what ``action`` says instead: ``delete_all``, ``unmute:<id>``."""
    try:
        current = preferences_of(request.user)
    except UnknownRecipient:
        raise Http404 from None  # deleted a moment ago
    if request.method == "POST" and (other := _other_action(request)):
        return other
    # Moments are written and read in the person's own zone, the one that is being chosen if there is one.
    with timezone.override(zone_named(request.POST.get("time_zone", ""), current["time_zone"])):
        if request.method != "POST":
            return _page(request, PreferencesForm(initial=current), Matrix(current), current)
        form = PreferencesForm(request.POST, initial=current)
        chosen = Matrix.changes(request.POST)
        if not (form.is_valid() and _saved(request, form, chosen)):
            return _page(request, form, Matrix(_merged(current, chosen)), current, status=WRONG)
    messages.success(request, _("Your preferences are saved."), fail_silently=True)
    return HttpResponseRedirect(request.get_full_path(), status=303)


def _saved(request: HttpRequest, form: PreferencesForm, chosen: dict[str, Any]) -> bool:
    """Save all of it, or say in the form what is wrong: a year that no database can hold is a date to a form."""
    try:
        update_preferences(request.user, {**form.changes(), **chosen})
    except InvalidPreferences as wrong:
        for name, sentence in wrong.errors.items():
            form.add_error(name if name in form.fields else None, sentence)
        return False
    return True


def _page(
    request: HttpRequest, form: PreferencesForm, matrix: Matrix, current: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "channels": matrix.channels(),
        "groups": matrix.groups(),
        "has_required": matrix.has_required(),
        "mutes": muted(parse_user_key(request.user)),
        "paused_until": current["paused_until"],
        "wrong": [form[name] for name in form.errors if name in form.fields],
    }
    return render(request, "notifications/preferences.html", context, status=status)


def _other_action(request: HttpRequest) -> HttpResponse | None:
    """What the smaller forms of the page ask for."""
    action, _colon, place = request.POST.get("action", "").partition(":")
    if action == "delete_all":
        return _delete_all(request)
    if action == UNMUTE:
        return _unmute(request, place)
    return None


def _unmute(request: HttpRequest, place: str) -> HttpResponse:
    if unmute_one(parse_user_key(request.user), place):
        messages.success(request, _("It is muted no more."), fail_silently=True)
    else:
        messages.warning(request, _("Nothing had to be changed."), fail_silently=True)
    return HttpResponseRedirect(request.get_full_path(), status=303)


def _delete_all(request: HttpRequest) -> HttpResponse:
    if request.POST.get("confirm") == "yes":
        count = delete_all(request.user).changed
        text = ngettext("{count} notification deleted.", "{count} notifications deleted.", count).format(count=count)
        messages.success(request, text, fail_silently=True)
    else:
        text = _("Nothing was deleted: tick the box that says you are sure.")
        messages.error(request, text, fail_silently=True)
    return HttpResponseRedirect(request.get_full_path(), status=303)


def _merged(current: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    """What the person ticked, kept while something else in the form is wrong."""
    matrix = {kind: {**row, **chosen["matrix"].get(kind, {})} for kind, row in current["matrix"].items()}
    return {
        **current,
        "channels": {**current["channels"], **chosen["channels"]},
        "types": {**current["types"], **chosen["types"]},
        "matrix": matrix,
    }
