"""The OpenAPI document: complete, valid, the site's own, and for those whom the site knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.test import override_settings
from django.urls import include, path
from rest_framework.schemas.generators import EndpointEnumerator
from rest_framework.test import APIClient

from notifications import register, types, urls
from notifications.rest.base import ApiView
from notifications.rest.openapi import document
from notifications.rest.openapi.bodies import IN_YEARS
from notifications.rest.send import YEARS, SendSerializer
from tests.rest.conftest import by_session

from .tree import nodes

SCHEMA = "/api/notifications/schema"
METHODS = {"get", "post", "put", "patch", "delete", "options", "head", "trace"}

urlpatterns = [path("shop/", include("notifications.urls"))]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for address, item in document("")["paths"].items():
        for method in METHODS & item.keys():
            yield address, method, item[method]


def test_every_route_and_method_is_described_and_no_other() -> None:
    routed = set()
    for pattern in urls.urlpatterns:
        if not pattern.name.startswith("api-"):
            continue  # a page
        regex = str(pattern.pattern).removeprefix("^").removesuffix(r"/?\Z")
        address = "/" + re.sub(r"\(\?P<(\w+)>\[\^/\]\+\)", r"{\1}", regex)
        view: type[ApiView] = pattern.callback.view_class
        # HEAD goes with GET.
        routed |= {(address, method) for method in view.http_method_names if method != "head" and hasattr(view, method)}
    assert {(address, method) for address, method, _ in operations()} == routed


def test_it_is_valid_openapi_and_refers_to_nothing_that_is_missing() -> None:
    text = json.dumps(document(""))
    schemathesis.openapi.from_dict(json.loads(text)).validate()
    components = {f"#/components/{kind}/{name}" for kind, all_ in document("")["components"].items() for name in all_}
    used = {node["$ref"] for node in nodes(document("")) if "$ref" in node}
    assert used == {name for name in components if "/securitySchemes/" not in name}
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    linked = {node["operationId"] for node in nodes(document("")) if "operationId" in node}
    assert linked == set(ids)


def test_what_changes_something_needs_the_csrf_token_beside_a_session() -> None:
    for _, method, operation in operations():
        needs_token = {"session": [], "csrf": []} in operation.get("security", [])
        assert needs_token == (method != "get")


@pytest.mark.django_db
def test_it_is_for_those_whom_the_site_knows(client: APIClient, service: APIClient, ana: Any) -> None:
    for known in (client, service, by_session(ana)):
        assert known.get(SCHEMA).json()["openapi"] == "3.1.0"
    assert service.get(f"{SCHEMA}?user_id={ana.pk}").status_code == 200
    assert APIClient().get(SCHEMA).status_code == 401
    assert service.get(f"{SCHEMA}?user_id=0").status_code == 400


@pytest.mark.django_db
def test_it_knows_where_the_site_has_put_it(service: APIClient) -> None:
    assert service.get(SCHEMA).json()["servers"] == [{"url": "/"}]
    with override_settings(ROOT_URLCONF=__name__):
        for address in (f"/shop{SCHEMA}", f"/shop{SCHEMA}/"):
            assert service.get(address).json()["servers"] == [{"url": "/shop"}]
        assert service.get(f"/shop{SCHEMA}", SCRIPT_NAME="/below").json()["servers"] == [{"url": "/below/shop"}]


def test_it_names_the_sites_types_and_cookies(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "_registry", dict(types._registry))
    register("parcel_lost")
    settings.SESSION_COOKIE_NAME = "shop"
    components = document("")["components"]
    assert "parcel_lost" in components["schemas"]["Send"]["properties"]["notification_type"]["enum"]
    assert components["securitySchemes"]["session"]["name"] == "shop"


def test_the_body_of_a_send_is_described_as_it_is_checked() -> None:
    described = document("")["components"]["schemas"]["Send"]
    fields = SendSerializer().fields
    assert described["properties"].keys() == fields.keys()
    assert described["required"] == [name for name, field in fields.items() if field.required]
    for name, field in fields.items():
        kind = described["properties"][name]
        longest = kind.get("maxItems") or kind.get("maxLength")
        if longest is not None:
            assert longest == field.max_length
        assert field.allow_null == ("null" in kind.get("type", ()) or {"type": "null"} in kind.get("anyOf", ()))
    assert [year for year in range(10_000) if re.search(IN_YEARS, f"{year:04}-01-01")] == list(YEARS)


def test_a_sites_own_generator_leaves_these_views_out() -> None:
    """It sees neither parameters nor answers, and drf-spectacular would complain of each view."""
    assert EndpointEnumerator(patterns=urls.urlpatterns).get_api_endpoints() == []
