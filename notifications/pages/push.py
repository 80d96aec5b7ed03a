"""What browsers fetch and send by themselves, so that push messages arrive."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from ..delivery.devices import COOKIE, Given, Known, push_channel, renew
from ..inbox.database import write_database
from ..rest.push import remember_device

SCRIPT = Path(__file__).parent.parent / "static" / "notifications" / "service-worker.js"

TEXTS: dict[str, str | Promise] = {
    "unsupported": _("This browser cannot show notifications while no page of this site is open."),
    "install": _("On an iPhone or iPad, first add this site to the home screen, and open it from there."),
    "blocked": _(
        "This browser blocks notifications of this site. Allow them in its settings for it, then load the page again."
    ),
    "off": _("Off: this device is told only while a page of this site is open."),
    "on": _("On: this device is told also when no page of this site is open."),
    "switch_on": _("Switch on for this device"),
    "switch_off": _("Switch off for this device"),
    "failed": _("That did not work: {reason}"),
    "this_device": _("this device"),
    "unknown_device": _("Unknown device"),
    "added": _("since {date}"),
    "remove": _("Remove"),
    "remove_device": _("Remove {device}"),
}


@login_not_required
@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """Below a path of the site's own and not among the static files: a worker's scope is where it comes from.

    Anybody gets it. A browser asks for it again by itself, when nobody need be signed in.
    """
    headers = {"Cache-Control": "no-cache"}  # an old one would stay for a day
    return HttpResponse(_script(), content_type="text/javascript; charset=utf-8", headers=headers)


@csrf_exempt  # no cookie counts here: see devices.renew()
@login_not_required
@require_POST
def renewal(request: HttpRequest) -> HttpResponse:
    """``{"old": {…}, "new": {…}}``, two subscriptions of one browser: 204, or 404 where the old one is not known."""
    if request.content_type != "application/json":  # which no form of another site's can send
        return HttpResponse(status=415)
    channel = push_channel()
    if channel is None:
        return HttpResponse(status=404)
    try:
        body = json.loads(request.body)
        old, given = Known.parse(dict(body["old"])), Given.parse(dict(body["new"]), channel)
    except (ValueError, TypeError, KeyError, RecursionError):  # InvalidContent, too
        return HttpResponse(status=400)
    if not renew(old, given, using=write_database()):
        return HttpResponse(status=404)
    response = HttpResponse(status=204)
    if request.COOKIES.get(COOKIE, old.endpoint_hash) == old.endpoint_hash:  # another's is not to be forgotten
        remember_device(response, given.endpoint_hash)
    return response


def device_strings() -> str:
    """Every text of the module that makes the section live, as JSON in the language of the page."""
    return json.dumps({key: str(text) for key, text in TEXTS.items()}, ensure_ascii=False)


@cache
def _script() -> bytes:
    return SCRIPT.read_bytes()
