"""What every address has in common: who asks, which errors there are, one line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Any

from django.db import connections, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from ..inbox.database import parse_user_key, write_database
from ..observability.metrics import requests_total
from .authentication import ApiKeyAuthentication, KeyRefused, acting_user
from .errors import api_exception, error_response
from .parser import AlwaysJson, JsonParser
from .permissions import ActsForOneUser

logger = logging.getLogger("notifications")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")


class ApiView(APIView):
    """JSON only. The site's authenticators and throttles apply; its other REST settings do not."""

    renderer_classes = [JSONRenderer]
    parser_classes = [JsonParser]
    content_negotiation_class = AlwaysJson
    permission_classes: list[type[BasePermission]] = [ActsForOneUser]
    versioning_class = None
    # No OPTIONS: it could only tell what the Allow of any 405 does. A site's CORS middleware answers before.
    http_method_names = ["get", "post", "put", "delete", "head"]
    # The API describes itself (rest/openapi); a site's own generator would only find that it cannot.
    schema = None

    started: float
    request_id: str
    user_id: str | None = None
    error: str | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        # Under ATOMIC_REQUESTS nothing would be numbered before the answer, which tells what became of it.
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        return view

    @property
    def user_key(self) -> Any:
        """The primary key of the user whose inbox this is about."""
        return parse_user_key(acting_user(self.request))

    @property
    def using(self) -> str:
        return write_database()

    def get_authenticators(self) -> list[BaseAuthentication]:
        # Looked up for each request, so that a test's override_settings() counts.
        classes: list[Any] = [ApiKeyAuthentication, *api_settings.DEFAULT_AUTHENTICATION_CLASSES]
        if not any(issubclass(cls, SessionAuthentication) for cls in classes):
            # This app's own pages come with a session; its CSRF check stays.
            classes.append(SessionAuthentication)
        return [cls() for cls in classes]

    def get_throttles(self) -> list[BaseThrottle]:
        classes: Any = api_settings.DEFAULT_THROTTLE_CLASSES
        return [cls() for cls in classes]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Django reads the query string, too, in the charset that the Content-Type names.
        request._request.encoding = "utf-8"
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        if (key := acting_user(request)) is not None:
            self.user_id = str(key)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        try:
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, Response):
                response.render()  # here, so that its time and its failure are in the log
        except Exception as error:
            self.error = self.error or type(error).__name__
            self._record(500)
            raise
        response.headers["X-Request-ID"] = self.request_id
        response.headers["Cache-Control"] = "private, no-store"
        self._record(response.status_code)
        return response

    def handle_exception(self, exc: Exception) -> Response:
        known = api_exception(exc)
        self.error = type(exc if known is None else known).__name__
        if known is None:
            raise exc
        if isinstance(known, KeyRefused):
            self.error += f": {known.reason}"
        elif isinstance(known.detail, dict):
            self.error += f": {', '.join(map(str, known.detail))}"[:200]
        if known.status_code == NotAuthenticated.status_code:
            known.auth_header = self.get_authenticate_header(self.request)  # type: ignore[attr-defined]
        response = error_response(known)
        response.exception = True
        return response

    def _record(self, status: int) -> None:
        requests_total.inc("http", f"{status // 100}xx")
        level = logging.ERROR if status >= 500 else logging.WARNING if status in {401, 403} else logging.INFO
        extra = {
            "request_id": self.request_id,
            "user_id": self.user_id,
            "method": self.request.method,
            "view": type(self).__name__,
            "status": status,
            "seconds": round(time.perf_counter() - self.started, 6),
        }
        logger.log(level, "request handled", extra={**extra, "error": self.error} if self.error else extra)
