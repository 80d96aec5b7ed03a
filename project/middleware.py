"""The strictest content security policy: the notifications need no exception from it, nor does the admin."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def strict_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Nothing inline, nothing from elsewhere. Django 6 brings a middleware for this; the site runs on 5.2, too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # The pages that Django shows to developers in place of an error are all inline.
        if not (settings.DEBUG and response.status_code in {404, 500}):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return middleware
