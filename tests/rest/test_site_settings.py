"""Nothing of the site's REST or database settings may change what clients get."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.db import connections
from rest_framework.response import Response
from rest_framework.test import APIClient

from tests.servers import database_url

from .conftest import SERVICE_KEY, ids, send

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/notifications"


def other_handler(error: Exception, context: Any) -> Response:
    return Response({"status": "error"}, status=200)


UNFRIENDLY = {
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 1,
    "EXCEPTION_HANDLER": "tests.rest.test_site_settings.other_handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
    "ALLOWED_VERSIONS": ["v1"],
    "DEFAULT_FILTER_BACKENDS": ["rest_framework.filters.SearchFilter"],
    "UNAUTHENTICATED_USER": None,
    "FORMAT_SUFFIX_KWARG": "notification_id",
    "NON_FIELD_ERRORS_KEY": "errors",
    "DATETIME_INPUT_FORMATS": ["%d.%m.%Y"],
    "DATETIME_FORMAT": "%d.%m.%Y",
    "COERCE_DECIMAL_TO_STRING": False,
}

# In a process of its own, since DRF reads most of its settings when it is imported.
SITE = """
import json, sys
import django
from django.conf import settings
from tests import settings as site
options = json.loads(sys.argv[1])
settings.configure(**{name: getattr(site, name) for name in dir(site) if name.isupper()} | options)
django.setup()
from rest_framework.test import APIClient
answers = []
for method, address, body, key in json.load(sys.stdin):
    headers = {"HTTP_X_API_KEY": key} if key else {}
    response = APIClient().generic(method, address, json.dumps(body), content_type="application/json", **headers)
    answers.append([response.status_code, response.json()])
print(json.dumps(answers))
"""


def ask_another_site(calls: list[Any], **options: Any) -> list[Any]:
    options["NOTIFICATIONS"] = {"SERVICE_KEY": SERVICE_KEY}
    done = subprocess.run(
        [sys.executable, "-c", SITE, json.dumps(options)],
        input=json.dumps(calls),
        env={**os.environ, "DATABASE_URL": database_url()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["unfriendly settings", "rest_framework not in INSTALLED_APPS"])
def test_the_answers_are_the_same_with(name: str, service: APIClient, ana: Any, settings: Any) -> None:
    sent, query = send(ana, 3), f"?user_id={ana.pk}"
    calls = [
        ("GET", LIST, None, ""),
        ("GET", LIST + query, None, SERVICE_KEY),
        ("GET", f"{LIST}/{sent[0]}{query}", None, SERVICE_KEY),
        ("GET", f"{LIST}/0{query}", None, SERVICE_KEY),
        ("POST", f"{LIST}/send", {"user_id": ana.pk, "expires_at": "05.06.2126"}, SERVICE_KEY),
        ("PUT", f"{LIST}/{sent[1]}/mark-as-read{query}", None, SERVICE_KEY),
        ("PATCH", LIST + query, None, SERVICE_KEY),
    ]
    without = [app for app in settings.INSTALLED_APPS if app != "rest_framework"]
    options = {"REST_FRAMEWORK": UNFRIENDLY} if name == "unfriendly settings" else {"INSTALLED_APPS": without}
    answers = ask_another_site(calls, **options)
    assert [status for status, _ in answers] == [401, 200, 200, 404, 400, 200, 405]
    ours = [
        APIClient(**({"HTTP_X_API_KEY": key} if key else {})).generic(
            method, address, json.dumps(body), content_type="application/json"
        )
        for method, address, body, key in calls
    ]
    assert [answer for _, answer in answers[2:]] == [response.json() for response in ours[2:]]
    assert answers[0][1] == ours[0].json()
    assert ids(ours[1]) == [item["id"] for item in answers[1][1]["notifications"]] == sent[::-1]


def test_atomic_requests_change_nothing(client: APIClient, ana: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a transaction the change would not be numbered yet when the answer is written."""
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    [pk] = send(ana)
    assert client.put(f"{LIST}/{pk}/mark-as-read").json()["rev"] == 2
    assert client.get(f"{LIST}/unread-count").json() == {"unread_count": 0}
    assert client.delete(f"{LIST}/{pk}").json() == {"deleted_count": 1}
    assert client.delete(f"{LIST}/{pk}").status_code == 404


@pytest.mark.django_db
def test_an_error_does_not_spoil_the_transaction_of_a_test(
    django_user_model: Any, service: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DRF's own handler would mark it for roll-back under ATOMIC_REQUESTS, and the next query would fail."""
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    user = django_user_model.objects.create_user("eva")
    assert service.get(f"{LIST}/0", {"user_id": user.pk}).status_code == 404
    assert django_user_model.objects.get() == user
