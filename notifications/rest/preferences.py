"""What a person wants to hear of, how and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ..exceptions import UnknownRecipient
from ..live.protocol import iso, wire_key
from ..preferences.parsing import InvalidPreferences
from ..preferences.services import preferences_of, update_preferences
from .base import ApiView
from .parameters import body


class PreferencesView(ApiView):
    """``GET``: everything, defaults included; nothing is written. ``PUT``: change what the body names, answer all.

    Unknown fields are refused, unlike elsewhere: a preference that was misspelt would seem to be kept. ``user_id``
    and ``updated_at`` are known and ignored, so that an answer may be sent back.
    """

    def get(self, request: Request) -> Response:
        try:
            return Response(_shown(preferences_of(self.user_key)))
        except UnknownRecipient:
            raise NotFound("There is no such user.") from None

    def put(self, request: Request) -> Response:
        try:
            return Response(_shown(update_preferences(self.user_key, body(request))))
        except InvalidPreferences as invalid:
            raise ValidationError({name: [sentence] for name, sentence in invalid.errors.items()}) from None
        except UnknownRecipient:
            raise NotFound("There is no such user.") from None


def _shown(preferences: dict[str, Any]) -> dict[str, Any]:
    mutes = [_with_text(mute) for mute in preferences["mutes"]]
    return {**_with_text(preferences), "mutes": mutes, "user_id": wire_key(preferences["user_id"])}


def _with_text(values: dict[str, Any]) -> dict[str, Any]:
    """Moments as the wire has them."""
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in values.items()}
