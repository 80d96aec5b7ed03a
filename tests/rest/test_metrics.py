"""SPEC §1.7: counters usable from Prometheus, and one line in the log for each request."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from notifications import observability
from notifications.auth import keys
from notifications.observability.metrics import requests_total

from .conftest import by_key, by_session

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/notifications"
METRICS = f"{LIST}/metrics"


@pytest.fixture
def admin() -> Any:
    return get_user_model().objects.create_user("admin", is_staff=True)


def samples(client: APIClient) -> dict[tuple[str, tuple[str, ...]], float]:
    response = client.get(METRICS)
    assert response["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(response.content.decode())
    return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


def test_metrics_requests_total_and_websocket_connections(service: APIClient, ana: Any) -> None:
    before = samples(service)
    service.get(LIST, {"user_id": ana.pk})
    service.get(LIST)
    after = samples(service)
    good, bad = ("requests_total", ("http", "2xx")), ("requests_total", ("http", "4xx"))
    assert after[good] - before[good] == 2  # the list, and the first look at the metrics themselves
    assert after[bad] - before.get(bad, 0) == 1
    assert ("websocket_connections", ()) in after
    assert ("hint_failures_total", ()) in after


def test_metrics_are_for_operators_only(service: APIClient, client: APIClient, ana: Any, admin: Any) -> None:
    assert by_session(admin).get(METRICS).status_code == 200
    assert service.get(METRICS).status_code == 200
    assert by_key(keys.issue(admin, "in some script")[1]).get(METRICS).status_code == 403
    assert by_session(ana).get(METRICS).status_code == 403
    assert client.get(METRICS).status_code == 403
    assert APIClient().get(METRICS).status_code == 401


def test_501_names_the_extra_where_prometheus_client_is_missing(
    service: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "notifications.observability.prometheus", raising=False)
    monkeypatch.delattr(observability, "prometheus", raising=False)
    response = service.get(METRICS)
    assert response.status_code == 501
    assert "pip install 'django-live-notifications[prometheus]'" in response.json()["detail"]


def test_each_request_is_one_line_in_the_log(client: APIClient, ana: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "notifications")
    response = client.get(LIST, HTTP_X_REQUEST_ID="abc-123")
    [record] = caplog.records
    assert (record.name, record.levelname, record.message) == ("notifications", "INFO", "request handled")
    assert (record.request_id, response["X-Request-ID"]) == ("abc-123", "abc-123")
    assert (record.user_id, record.status, record.method) == (str(ana.pk), 200, "GET")
    assert 0 < record.seconds < 10
    assert not hasattr(record, "error")


def test_a_refused_key_is_a_warning_that_never_holds_it(ana: Any, caplog: pytest.LogCaptureFixture) -> None:
    by_key("some-secret-key").get(LIST)
    [record] = [record for record in caplog.records if record.name == "notifications"]
    assert (record.levelname, record.status, record.user_id) == ("WARNING", 401, None)
    assert record.error == "KeyRefused: wrong key"
    assert "some-secret-key" not in str(record.__dict__)


def test_the_line_of_an_error_names_the_field(client: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "notifications")
    client.get(LIST, {"page": 0})
    [record] = [record for record in caplog.records if record.name == "notifications"]
    assert (record.status, record.error) == (400, "ValidationError: page")


def test_a_bug_is_counted_logged_and_left_to_django(client: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    before = requests_total.value("http", "5xx")

    def fail(*args: Any) -> Any:
        raise ZeroDivisionError

    client.raise_request_exception = False
    with connection.execute_wrapper(fail):
        response = client.get(LIST)
    assert response.status_code == 500
    assert requests_total.value("http", "5xx") == before + 1
    [record] = [record for record in caplog.records if record.name == "notifications"]
    assert (record.levelname, record.error) == ("ERROR", "ZeroDivisionError")


@pytest.mark.parametrize("given", [None, "", "x" * 129, "two words", "a\nb", "é", "<b>"])
def test_a_request_id_that_is_none_is_replaced(client: APIClient, given: str | None) -> None:
    headers = {} if given is None else {"HTTP_X_REQUEST_ID": given}
    assert re.fullmatch("[0-9a-f]{32}", client.get(LIST, **headers)["X-Request-ID"])


def test_a_send_is_logged_with_the_id_of_its_request(
    service: APIClient, ana: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "notifications")
    body = {"user_id": ana.pk, "notification_type": "stock_alert", "subject": "Low"}
    service.post(f"{LIST}/send", body, format="json", HTTP_X_REQUEST_ID="from-the-shop")
    assert [(record.message, record.request_id) for record in caplog.records] == [
        ("notification sent", "from-the-shop"),
        ("request handled", "from-the-shop"),
    ]
