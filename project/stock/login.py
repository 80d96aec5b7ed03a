"""One-time log-in links for the demonstration. They work only while ``DEBUG`` is on."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.exceptions import UnknownRecipient
from notifications.inbox.database import parse_user_key


class _LoginTokens(PasswordResetTokenGenerator):
    """The token is made of ``last_login``, among others: used once, it no longer fits."""

    key_salt = "project.stock.login"


_tokens = _LoginTokens()


def one_time_path(user: Any) -> str:
    return reverse("stock:login", args=[user.pk, _tokens.make_token(user)])


@never_cache
@require_safe
def log_in(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    # Link previews ask with HEAD; that must not use the link up.
    if request.method == "GET":
        with transaction.atomic():
            # Locked, or the same link opened twice at once would work twice.
            user = get_user_model().objects.select_for_update().filter(pk=_key(uid), is_active=True).first()
            if user is not None and _tokens.check_token(user, token):
                login(request, user, backend="django.contrib.auth.backends.ModelBackend")
                return redirect("stock:dashboard")
    return render(request, "stock/welcome.html", {"used": True}, status=403)


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    """Where people without a session land."""
    return render(request, "stock/welcome.html", {"demo": settings.DEBUG})


def _key(uid: str) -> Any:
    try:
        return parse_user_key(uid)
    except UnknownRecipient:
        return None
