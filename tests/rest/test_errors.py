"""Whatever is asked, and however badly: 400 with the field's name, 401, 403, 404, 413, 415, and never 500."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from .conftest import by_session, send

pytestmark = pytest.mark.django_db

LIST = "/api/notifications"
SEND = f"{LIST}/send"
MARK_ALL = f"{LIST}/mark-all-read"

BAD_QUERIES = [
    *[("page", value) for value in ("0", "-1", "one", "1.5", " 1", "+1", "1_0", "١", "%ff", "%00", "true", "0" * 5000)],
    *[("per_page", value) for value in ("0", "101", "-5", "x", str(10**30), "9" * 5000)],
    *[("before", value) for value in ("-1", "x", "null", "1e3")],
    *[("status", value) for value in ("new", "ALL", "%00", "unread,read")],
    *[("archived", value) for value in ("maybe", "2", "%00")],
    *[("priority", value) for value in ("urgent", "%00", "HIGH", "x" * 5000)],
    ("type", "a%00b"),
]


@pytest.mark.parametrize(("field", "value"), BAD_QUERIES)
def test_a_bad_parameter_of_the_list_is_named(client: APIClient, ana: Any, field: str, value: str) -> None:
    response = client.get(f"{LIST}?{field}={value}")
    assert (response.status_code, list(response.json())) == (400, [field])
    assert len(response.json()[field][0]) <= 500


@pytest.mark.parametrize(("address", "field"), [("mark-as-read", "read"), ("archive", "archived")])
@pytest.mark.parametrize("value", ["yes", "2", "%00", "null", "truetrue"])
def test_a_flag_is_true_or_false(client: APIClient, ana: Any, address: str, field: str, value: str) -> None:
    [pk] = send(ana)
    response = client.put(f"{LIST}/{pk}/{address}?{field}={value}")
    assert response.status_code == 400
    assert response.json() == {field: [f"{field} must be true or false."]}


BAD_BODIES = [
    b"{",
    b"\xff\xfe",
    b'"text"',
    b"[]",
    b'[{"user_id": 1}]',
    b"1",
    b"null",
    b"NaN",
    b'{"user_id": NaN}',
    b'{"user_id": -Infinity}',
    b'{"user_id": ' + b"9" * 5000 + b"}",
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    b'{"data": "\xff"}',
    b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"data":' + b'{"a":' * 32 + b"1" + b"}" * 32 + b"}",
    b"\0",
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("address", [SEND, MARK_ALL, f"{LIST}/mark-seen"])
def test_a_body_that_is_no_json_object(service: APIClient, ana: Any, address: str, body: bytes) -> None:
    response = service.post(f"{address}?user_id={ana.pk}", body, content_type="application/json")
    assert (response.status_code, list(response.json())) == (400, ["detail"])


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "/;", "x" * 999]
)
def test_another_content_type_is_415(client: APIClient, kind: str) -> None:
    assert client.generic("POST", MARK_ALL, b'{"up_to_seq": 1}', content_type=kind).status_code == 415


@pytest.mark.parametrize("charset", ["zlib", "bz2", "rot13", "utf-16", "undefined", "none"])
def test_json_is_utf8_whatever_the_charset_says(client: APIClient, ana: Any, charset: str) -> None:
    send(ana)
    kind = f"application/json; charset={charset}"
    # Without a query string: on one, Django itself fails with such a charset before any view is asked.
    assert client.generic("POST", MARK_ALL, b'{"up_to_seq": 1}', content_type=kind).status_code == 200


def test_the_address_is_utf8_whatever_the_charset_says(client: APIClient, ana: Any) -> None:
    kind = "application/json; charset=utf-16"
    address = f"{LIST}/1/archive?archived=perhaps"
    assert list(client.generic("PUT", address, b"{}", content_type=kind).json()) == ["archived"]


def test_a_body_that_is_too_large_is_413(client: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20
    response = client.post(MARK_ALL, {"up_to_seq": 1, "padding": "x" * 20}, format="json")
    assert (response.status_code, list(response.json())) == (413, ["detail"])


def test_too_many_parameters_are_400(client: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    response = client.get(f"{LIST}?a=1&b=2&c=3&d=4")
    assert (response.status_code, list(response.json())) == (400, ["detail"])


@pytest.mark.parametrize("method", ["post", "put", "patch", "options", "trace"])
def test_another_method_is_405(client: APIClient, method: str) -> None:
    response = client.generic(method.upper(), LIST)
    assert (response.status_code, list(response.json())) == (405, ["detail"])
    assert "GET" in response["Allow"]


@pytest.mark.parametrize("accept", ["text/html", "image/png", "*/*", "application/json; indent=999999999", "\0", ";"])
def test_accept_and_format_change_nothing(client: APIClient, accept: str) -> None:
    response = client.get(LIST, {"format": "html"}, HTTP_ACCEPT=accept)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_503(ana: Any) -> None:
    client = by_session(ana)

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "ntf_inbox" in sql:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        response = client.get(LIST)
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert "locked" not in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_deepest_body_that_is_accepted_can_be_read_again(service: APIClient, ana: Any) -> None:
    body = b'{"user_id": %d, "notification_type": "stock_alert", "subject": "Deep", "data": ' % ana.pk
    body += b'{"a":' * 30 + b"1" + b"}" * 30 + b"}"
    assert service.post(SEND, body, content_type="application/json").status_code == 201
    assert service.get(LIST, {"user_id": ana.pk}).status_code == 200
