"""The counters of the process that happens to answer, for Prometheus."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from .base import ApiView
from .permissions import IsOperator


class NoPrometheus(APIException):
    status_code = 501
    default_detail = "prometheus_client is not installed here: pip install 'django-live-notifications[prometheus]'."
    default_code = "no_prometheus"


class MetricsView(ApiView):
    """``GET``: Prometheus' text format, for operators. Each server process has counters of its own."""

    permission_classes = [IsOperator]

    def get(self, request: Request) -> HttpResponseBase:
        try:
            from ..observability import prometheus
        except ModuleNotFoundError as error:
            if error.name != "prometheus_client":
                raise
            raise NoPrometheus from None
        return HttpResponse(prometheus.exposition(), content_type=prometheus.CONTENT_TYPE)
