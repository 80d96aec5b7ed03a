"""The browsers and devices that are told also when no page is open."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ..delivery.devices import COOKIE, Given, devices_of, push_channel, subscribe
from ..delivery.push_services import device_name
from ..exceptions import UnknownRecipient
from ..live.protocol import iso
from ..models import PushSubscription
from .authentication import authenticated_by_key
from .base import ApiView
from .parameters import body, whole_number

COOKIE_SECONDS = 400 * 86_400  # as long as browsers keep any


class PushSubscriptionsView(ApiView):
    """``GET``: the site's public key, empty where it sends no push messages, and the person's own devices.

    ``POST`` what ``PushSubscription.toJSON()`` returns in a browser: from then on it is told what is for this person,
    and nobody else; 200 where it was known already. ``DELETE ?id=7``: no longer; idempotent, ``deleted_count``.
    """

    def get(self, request: Request) -> Response:
        channel = push_channel()
        devices = [_shown(device) for device in devices_of(self.user_key, using=self.using)]
        return Response({"public_key": channel.public_key if channel else "", "subscriptions": devices})

    def post(self, request: Request) -> Response:
        channel = push_channel()
        if channel is None:
            raise NotFound("This site sends no push messages.")
        given = Given.parse(body(request), channel)
        known = devices_of(self.user_key, using=self.using).filter(endpoint_hash=given.endpoint_hash).exists()
        device = device_name(request.headers.get("User-Agent", ""))
        try:
            row = subscribe(self.user_key, given, device=device, using=self.using)
        except UnknownRecipient:
            raise NotFound("There is no such user.") from None
        response = Response(_shown(row), status=status.HTTP_200_OK if known else status.HTTP_201_CREATED)
        if not authenticated_by_key(request):  # a program signs nobody out
            remember_device(response, given.endpoint_hash)
        return response

    def delete(self, request: Request) -> Response:
        chosen = devices_of(self.user_key, using=self.using).filter(pk=whole_number(request, "id", lowest=1))
        return Response({"deleted_count": chosen.delete()[0]})


def remember_device(response: HttpResponseBase, endpoint_hash: str) -> None:
    """So that a sign-out, however long after and in whichever session, finds the subscription of this browser."""
    response.set_cookie(
        COOKIE,
        endpoint_hash,
        max_age=COOKIE_SECONDS,
        domain=settings.SESSION_COOKIE_DOMAIN,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _shown(device: PushSubscription) -> dict[str, Any]:
    """The address itself stays here: whoever has it and the keys can send to the browser."""
    return {
        "id": device.pk,
        "device": device.device,
        "endpoint_hash": device.endpoint_hash,
        "created_at": iso(device.created_at),
        "last_sent_at": iso(device.last_sent_at),
    }
