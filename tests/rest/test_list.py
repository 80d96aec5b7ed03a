"""SPEC §1.5: ``GET /api/notifications``."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from notifications.inbox.changes import inbox_states
from notifications.inbox.services import archive, delete, mark_read, mark_seen
from notifications.models import Notification

from .conftest import by_session, ids, send

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/notifications"


def test_get_notifications_by_page(client: APIClient, ana: Any) -> None:
    sent = send(ana, 25)
    first, second = client.get(LIST), client.get(LIST, {"page": 2})
    assert ids(first) == sent[:4:-1]
    assert ids(second) == sent[4::-1]
    pagination = {"current_page": 2, "total_pages": 2, "total_items": 25, "per_page": 20}
    assert second.json()["pagination"] == pagination


def test_per_page_is_1_to_100(client: APIClient, ana: Any) -> None:
    sent = send(ana, 3)
    one = client.get(LIST, {"per_page": 1})
    assert ids(one) == sent[-1:]
    assert one.json()["pagination"]["total_pages"] == 3
    assert ids(client.get(LIST, {"per_page": 100})) == sent[::-1]


def test_status_all_unread_read(client: APIClient, ana: Any) -> None:
    read, unread = send(ana, 2)
    mark_read(ana, [read])
    assert ids(client.get(LIST, {"status": "all"})) == [unread, read]
    assert ids(client.get(LIST, {"status": "unread"})) == [unread]
    assert ids(client.get(LIST, {"status": "read"})) == [read]
    assert client.get(LIST, {"status": "read"}).json()["pagination"]["total_items"] == 1


def test_archived_are_listed_apart(client: APIClient, ana: Any) -> None:
    put_away, there = send(ana, 2)
    archive(ana, [put_away])
    assert ids(client.get(LIST)) == [there]
    assert ids(client.get(LIST, {"archived": "false"})) == [there]
    assert ids(client.get(LIST, {"archived": "TRUE"})) == [put_away]


def test_filters_by_type_and_priority(client: APIClient, ana: Any) -> None:
    [stock] = send(ana, notification_type="stock_alert", priority="critical")
    [order] = send(ana, notification_type="order_ready", priority="low")
    assert ids(client.get(LIST, {"type": "stock_alert"})) == [stock]
    assert ids(client.get(LIST, {"priority": "low"})) == [order]
    assert ids(client.get(LIST, {"type": "stock_alert", "priority": "low"})) == []
    assert ids(client.get(LIST, {"type": "", "priority": ""})) == [order, stock]


def test_a_page_after_the_last_is_empty(client: APIClient, ana: Any) -> None:
    send(ana, 1)
    for page in (2, 999_999, 2**63, 10**40):
        response = client.get(LIST, {"page": page})
        assert ids(response) == []
        assert response.json()["pagination"]["total_pages"] == 1


def test_an_empty_inbox(client: APIClient) -> None:
    body = client.get(LIST).json()
    assert body["notifications"] == []
    assert body["pagination"] == {"current_page": 1, "total_pages": 0, "total_items": 0, "per_page": 20}
    assert (body["rev"], body["seen_seq"], body["unread_count"]) == (0, 0, 0)


def test_the_list_says_where_the_inbox_stands(client: APIClient, ana: Any) -> None:
    send(ana, 3)
    mark_seen(ana, 2)
    state = inbox_states([ana.pk], using="default")[ana.pk]
    for query in ({}, {"before": ""}):
        body = client.get(LIST, query).json()
        assert (body["epoch"], body["rev"]) == (state.epoch, 4)
        assert (body["seen_seq"], body["unread_count"]) == (2, 3)


def test_the_state_is_read_before_the_rows(client: APIClient, ana: Any) -> None:
    send(ana)
    queries = _queries(client)
    assert [("ntf_inbox" in sql, "ntf_notification" in sql) for sql in queries[-3:]] == [
        (True, False),
        (False, True),
        (False, True),
    ]


def test_an_item_has_the_fields_of_the_frame_and_read(client: APIClient, ana: Any) -> None:
    [pk] = send(ana, subject="<b>Low</b>", message="Two left", data={"sku": 7}, url="/stock/7", priority="high")
    mark_read(ana, [pk])
    [item] = client.get(LIST).json()["notifications"]
    created_at, read_at = item.pop("created_at"), item.pop("read_at")
    assert created_at.endswith("Z")
    assert read_at > created_at
    assert item == {
        "id": pk,
        "type": "stock_alert",
        "subject": "<b>Low</b>",
        "message": "Two left",
        "priority": "high",
        "url": "/stock/7",
        "data": {"sku": 7},
        "actor": None,
        "target": None,
        "archived_at": None,
        "seq": 1,
        "rev": 2,
        "read": True,
    }


def test_one_that_stands_for_several_says_so(client: APIClient, ana: Any) -> None:
    [pk, _] = send(ana, 2)
    Notification.objects.filter(pk=pk).update(count=3)
    assert [item.get("count") for item in client.get(LIST).json()["notifications"]] == [None, 3]


def test_a_silent_one_says_so(client: APIClient, ana: Any) -> None:
    send(ana, channels=["in_app"])
    [item] = client.get(LIST).json()["notifications"]
    assert item["silent"] is True


@pytest.mark.parametrize("query", [{}, {"before": ""}, {"status": "unread", "type": "stock_alert"}])
def test_a_list_takes_at_most_three_queries_whatever_actor_and_target_are(
    client: APIClient, ana: Any, query: dict[str, str], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """One more finds the key; by session two more find session and user. A new inbox costs more, once."""
    people = [get_user_model().objects.create_user(f"user {number}") for number in range(5)]
    for person in people:
        send(ana, 2, actor=person, target=ana)
    with django_assert_max_num_queries(1 + 3):
        body = client.get(LIST, query).json()
    assert body["notifications"][0]["actor"] == {"text": "user 4", "url": ""}
    key = f"{ContentType.objects.get_for_model(ana).pk}:{ana.pk}"
    assert body["notifications"][0]["target"] == {"text": "ana", "url": "", "key": key}
    session = by_session(ana)
    with django_assert_max_num_queries(2 + 3):
        assert session.get(LIST, query).status_code == 200


def test_keyset_pages_have_no_holes_while_new_ones_arrive(client: APIClient, ana: Any) -> None:
    sent, found, before = send(ana, 11), [], ""
    while before is not None:
        response = client.get(LIST, {"before": before, "per_page": 3})
        found += ids(response)
        before = response.json()["next_before"]
        send(ana)
        delete(ana, found[:1])
    assert found == sent[::-1]


def test_keyset_pages_are_not_counted(client: APIClient, ana: Any) -> None:
    send(ana, 2)
    assert "pagination" not in client.get(LIST, {"before": "3"}).json()
    assert not [sql for sql in _queries(client, before="3") if "COUNT(" in sql]


@pytest.mark.parametrize(
    ("before", "expected"), [("0", []), ("1", []), ("2", [1]), ("3", [2, 1]), (str(10**30), [3, 2, 1])]
)
def test_before_is_a_seq_not_included(client: APIClient, ana: Any, before: str, expected: list[int]) -> None:
    send(ana, 3)
    response = client.get(LIST, {"before": before})
    assert [item["seq"] for item in response.json()["notifications"]] == expected
    assert response.json()["next_before"] is None


def test_a_final_slash_is_accepted_without_a_redirect(client: APIClient, ana: Any) -> None:
    [pk] = send(ana)
    assert client.get(f"{LIST}/").status_code == 200
    assert client.put(f"{LIST}/{pk}/mark-as-read/").json()["read"] is True
    assert reverse("notifications:api-list") == LIST
    assert reverse("notifications:api-mark-as-read", args=[pk]) == f"{LIST}/{pk}/mark-as-read"


def test_answers_are_never_cached(client: APIClient) -> None:
    assert client.get(LIST)["Cache-Control"] == "private, no-store"


def _queries(client: APIClient, **query: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(LIST, query).status_code == 200
    return [captured_query["sql"] for captured_query in captured]
