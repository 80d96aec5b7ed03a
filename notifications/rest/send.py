"""Send from another program, in whatever language it is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ..exceptions import UnknownRecipient
from ..inbox.database import parse_user_key
from ..inbox.services import send_notification, send_notifications
from .base import ApiView
from .parameters import as_whole_number, body
from .permissions import MaySend

MAX_RECIPIENTS = 1_000
YEARS = range(1970, 9_999)  # every database and time zone can hold these


class Text(serializers.CharField):
    """Text exactly as it was sent: no number is taken for it, and no space is cut off."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


_KEY_TEXT = Text(max_length=255)


class UserKeyField(serializers.Field[Any, Any, Any, Any]):
    """The primary key of a user; whether there is such a user, the service asks."""

    def to_internal_value(self, data: Any) -> Any:
        number = as_whole_number(data)
        try:
            return parse_user_key(_KEY_TEXT.run_validation(data) if number is None else number)
        except UnknownRecipient as error:
            raise serializers.ValidationError(str(error)) from None


class SendSerializer(serializers.Serializer[Any]):
    """The body of a send. What is checked here is types and lengths; the service refuses the rest itself."""

    user_id = UserKeyField(required=False)
    user_ids = serializers.ListField(child=UserKeyField(), required=False, allow_empty=False, max_length=MAX_RECIPIENTS)
    notification_type = Text(max_length=100)
    subject = Text(max_length=255)
    message = Text(required=False, allow_blank=True)
    channels = serializers.ListField(child=Text(max_length=50), required=False, allow_null=True, max_length=20)
    priority = Text(required=False, allow_null=True, max_length=10)
    data = serializers.DictField(required=False, allow_null=True)  # type: ignore[assignment]
    url = Text(required=False, allow_blank=True, max_length=2000)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, input_formats=["iso-8601"], default_timezone=UTC
    )
    dedupe_key = Text(required=False, allow_null=True, max_length=200)
    collapse_key = Text(required=False, allow_null=True, max_length=200)
    send_at = serializers.DateTimeField(
        required=False, allow_null=True, input_formats=["iso-8601"], default_timezone=UTC
    )

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        return _stored("expires_at", value)

    def validate_send_at(self, value: datetime | None) -> datetime | None:
        return _stored("send_at", value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("user_id" in attrs) == ("user_ids" in attrs):
            raise serializers.ValidationError({"user_id": "Name either one user_id or a list of user_ids."})
        return attrs


def _stored(field: str, value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.year not in YEARS:
        raise serializers.ValidationError(f"{field} must be in the years {YEARS[0]} to {YEARS[-1]}.")
    return value if settings.USE_TZ else timezone.make_naive(value)


class SendView(ApiView):
    """``POST``: 201 with the result of ``send_notification()``, or for ``user_ids`` of
    ``send_notifications()``.

    200 where a ``dedupe_key`` or ``collapse_key`` was met again, and the result is the first notification's; 202 where
    ``send_at`` is still to come. Takes a service
    key, which needs no ``user_id`` in the query here, or a user with the permission
    ``notifications.add_notification``.
    """

    permission_classes = [MaySend]

    def post(self, request: Request) -> Response:
        serializer = SendSerializer(data=body(request))
        serializer.is_valid(raise_exception=True)
        content = dict(serializer.validated_data)
        if "user_ids" in content:
            return Response(send_notifications(content.pop("user_ids"), **content), status=201)
        result = send_notification(content.pop("user_id"), request_id=self.request_id, **content)
        if result["batch_id"] is not None:
            return Response(result, status=202)
        return Response(result, status=201 if result["created"] else 200)
