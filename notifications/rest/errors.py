"""Every error in one shape: ``{"field": ["sentence"]}`` where a field is to blame, else ``{"detail": …}``.

The site's own ``EXCEPTION_HANDLER`` is left out, since clients of these addresses rely on the shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ParseError, PermissionDenied, ValidationError
from rest_framework.response import Response

from ..exceptions import NotificationError

MAX_SENTENCES = 5  # a list of 1,000 wrong ids is told by its first
MAX_LENGTH = 500


class BodyTooLarge(APIException):
    status_code = 413  # DRF's name for it depends on its version
    default_detail = "The body is larger than this site accepts (DATA_UPLOAD_MAX_MEMORY_SIZE)."
    default_code = "too_large"


class TryAgain(APIException):
    """The database was busy or away; nothing was changed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database did not answer in time. Try again."
    default_code = "try_again"
    wait = 1


def api_exception(error: Exception) -> APIException | None:
    """The answer that an error means, or ``None`` for a bug, which is Django's to report."""
    match error:
        case APIException():
            return error
        case NotificationError():
            return ValidationError({error.field: [str(error)]} if error.field else [str(error)])
        case Http404():
            return NotFound()
        case DjangoPermissionDenied():
            return PermissionDenied()
        case RequestDataTooBig():
            return BodyTooLarge()
        case SuspiciousOperation() | UnreadablePostError():
            return ParseError()
        case OperationalError():
            return TryAgain()
    return None


def error_response(error: APIException) -> Response:
    """Unlike DRF's handler, roll nothing back: no transaction of ours is open, and it may be a test's."""
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = f"{wait:.0f}"
    if isinstance(error.detail, dict):
        sentences = {field: list(_sentences(detail)) for field, detail in error.detail.items()}
        data: dict[str, Any] = {field: several[:MAX_SENTENCES] for field, several in sentences.items()}
    else:
        data = {"detail": " ".join(_sentences(error.detail))}
    return Response(data, status=error.status_code, headers=headers)


def _sentences(detail: Any) -> Iterator[str]:
    """The leaves of DRF's nested details, each of bounded length: some repeat what was sent."""
    if isinstance(detail, dict):
        detail = list(detail.values())
    if isinstance(detail, list):
        for part in detail:
            yield from _sentences(part)
    else:
        yield str(detail)[:MAX_LENGTH]
