"""The API's own description. Whoever may ask nothing else here may not ask for it, either."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from .base import ApiView
from .permissions import IsKnown


class SchemaView(ApiView):
    """``GET``: OpenAPI 3.1, for anybody whom the site knows. It names the site's types and the kind of its keys."""

    permission_classes = [IsKnown]

    def get(self, request: Request) -> Response:
        from .openapi import document  # here: few processes are ever asked

        return Response(document(request.path.rstrip("/").removesuffix("/api/notifications/schema")))
