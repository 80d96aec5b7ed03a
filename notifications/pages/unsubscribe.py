"""Where the link in a message leads: for people who are not logged in, and for mail programs that ask for them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ..delivery.labels import channel_label
from ..delivery.unsubscribe import Subscription, read_token
from ..exceptions import UnknownRecipient
from ..inbox.database import write_database
from ..inbox.languages import languages_of
from ..preferences.parsing import InvalidPreferences
from ..types import find_type


@never_cache
@csrf_exempt  # the address itself proves who may: nobody else can make it
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """``GET`` asks and changes nothing: mail scanners open every link. ``POST`` switches off, or on again.

    In the language of the message, unless the person has chosen another in this browser.
    """
    subscription = read_token(token)
    if subscription is None:
        return _gone(request)
    language = _language(request, subscription)
    with translation.override(language):
        try:
            response = _act(request, subscription) if request.method == "POST" else _page(request, subscription)
        except (UnknownRecipient, InvalidPreferences):  # the person, or the delivery channel, is there no more
            response = _gone(request)
    response["Content-Language"] = language
    response["X-Robots-Tag"] = "noindex"
    return response


def _language(request: HttpRequest, subscription: Subscription) -> str:
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return translation.get_language() or settings.LANGUAGE_CODE
    return languages_of([subscription.user_id], using=write_database())[subscription.user_id]


def _act(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return _one_click(subscription)
    offered = _offered(subscription)
    match request.POST.get("action"):
        case "off":
            offered.set_wanted(False)
        case "on":
            offered.set_wanted(True)
        case "at_once" if _is_of_a_digest(subscription):
            subscription.send_at_once()
    return HttpResponseRedirect(request.get_full_path(), status=303)


def _one_click(subscription: Subscription) -> HttpResponse:
    """What a mail program asks for when somebody presses its own button (RFC 8058). It follows no redirect."""
    if subscription.is_required:
        text, status = _("Nobody can switch these off."), 409
    elif subscription.is_gone:
        # Nobody was asked whether to switch off more than that.
        text, status = _("What this link was about is sent no more."), 200
    else:
        subscription.set_wanted(False)
        text, status = _("You are unsubscribed."), 200
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)


def _offered(subscription: Subscription) -> Subscription:
    """What the page asks about: of a type that is gone the whole channel."""
    return subscription.of_the_channel() if subscription.is_gone else subscription


def _is_of_a_digest(subscription: Subscription) -> bool:
    return not subscription.type


def _page(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    kind = find_type(subscription.type)
    context = {
        "what": kind.label if kind else _("All notifications"),
        "channel": channel_label(subscription.channel),
        "standing": _offered(subscription).standing(),
        "is_gone": subscription.is_gone,
        "is_digest": _is_of_a_digest(subscription),
    }
    return render(request, "notifications/unsubscribe.html", context)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "notifications/unsubscribe.html", {"standing": None}, status=404)
