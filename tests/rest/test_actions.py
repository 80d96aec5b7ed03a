"""``POST /api/notifications/actions``: what an open page sends."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Inbox, Notification
from notifications.rest.actions import ACTIONS, BY_IDS

from .conftest import by_session, send

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/api/notifications/actions"


def act(client: APIClient, action: Any, status: int = 200, query: str = "", **fields: Any) -> Any:
    response = client.post(ADDRESS + query, {"action": action, **fields}, format="json")
    assert response.status_code == status, response.json()
    return response.json()


def test_the_answer_tells_what_was_done_and_where_the_inbox_stands(client: APIClient, ana: Any) -> None:
    first, second, third = send(ana, 3)
    answer = act(client, "mark_read", notification_ids=[first, third])
    inbox = Inbox.objects.get(pk=ana.pk)
    assert answer == {
        "action": "mark_read",
        "changed": 2,
        "notification_ids": [first, third],
        "epoch": str(inbox.epoch),
        "rev": inbox.last_rev,
        "seen_seq": 0,
        "unread_count": 1,
    }
    assert list(Notification.objects.filter(read_at=None).values_list("pk", flat=True)) == [second]


@pytest.mark.parametrize(
    ("action", "before", "field"),
    [
        ("mark_read", None, "read_at"),
        ("mark_unread", "mark_read", "read_at"),
        ("archive", None, "archived_at"),
        ("unarchive", "archive", "archived_at"),
        ("delete", None, "deleted_at"),
    ],
)
def test_each_action_changes_its_field_and_is_idempotent(
    client: APIClient, ana: Any, action: str, before: str | None, field: str
) -> None:
    [pk] = send(ana)
    if before:
        act(client, before, notification_ids=[pk])
    was = getattr(Notification.objects.get(pk=pk), field)
    answer = act(client, action, notification_ids=[pk])
    assert (answer["changed"], answer["notification_ids"]) == (1, [pk])
    assert (getattr(Notification.objects.get(pk=pk), field) is None) != (was is None)
    again = act(client, action, notification_ids=[pk])
    assert (again["changed"], again["rev"]) == (0, answer["rev"])


def test_mark_all_read_with_and_without_a_place(client: APIClient, ana: Any) -> None:
    send(ana, 3)
    answer = act(client, "mark_all_read", up_to_seq=2)
    assert (answer["changed"], answer["notification_ids"], answer["unread_count"]) == (2, [], 1)
    assert act(client, "mark_all_read")["unread_count"] == 0


def test_mark_seen_never_goes_back(client: APIClient, ana: Any) -> None:
    send(ana, 3)
    assert act(client, "mark_seen", up_to_seq=2)["seen_seq"] == 2
    answer = act(client, "mark_seen", up_to_seq=1)
    assert (answer["seen_seq"], answer["changed"], answer["unread_count"]) == (2, 0, 3)


@pytest.mark.parametrize("action", BY_IDS)
def test_ids_of_others_and_of_nobody_are_ignored(client: APIClient, ana: Any, ben: Any, action: str) -> None:
    [own], [bens] = send(ana), send(ben)
    before = Notification.objects.values().get(pk=bens)
    answer = act(client, action, notification_ids=[bens, own + 1000, 0, -1, 2**63, 10**30, float(own)])
    assert answer["notification_ids"] in ([own], [])
    assert set(answer["notification_ids"]) <= {own}
    assert Notification.objects.values().get(pk=bens) == before
    assert act(client, action, notification_ids=[])["changed"] == 0


@pytest.mark.parametrize("action", [None, "", "read", "MARK_READ", 1, ["mark_read"], {"a": 1}])
def test_an_unknown_action_is_named(client: APIClient, action: Any) -> None:
    assert act(client, action, 400, notification_ids=[1]) == {
        "action": [f"action must be one of {', '.join(ACTIONS)}."]
    }


@pytest.mark.parametrize("given", [None, 1, "1,2", {"1": 2}, ["1"], [True], [None], [1.5], [[1]]])
def test_ids_that_are_no_list_of_numbers_are_named(client: APIClient, ana: Any, given: Any) -> None:
    [pk] = send(ana)
    assert set(act(client, "delete", 400, notification_ids=given)) == {"notification_ids"}
    assert Notification.objects.get(pk=pk).deleted_at is None
    assert set(act(client, "delete", 400)) == {"notification_ids"}


def test_too_many_ids_change_nothing(client: APIClient, ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "MAX_IDS": 2}
    ids = send(ana, 3)
    answer = act(client, "mark_read", 400, notification_ids=ids)
    assert answer == {"notification_ids": ["3 ids at once, and 2 is the most."]}
    assert Inbox.objects.get(pk=ana.pk).unread_count == 3


@pytest.mark.parametrize("place", [None, -1, "2", True, 1.5, [1]])
@pytest.mark.parametrize("action", ["mark_all_read", "mark_seen"])
def test_a_place_that_is_none_is_named(client: APIClient, ana: Any, action: str, place: Any) -> None:
    send(ana)
    assert set(act(client, action, 400, up_to_seq=place)) == {"up_to_seq"}
    assert Inbox.objects.get(pk=ana.pk).unread_count == 1


def test_mark_seen_needs_its_place(client: APIClient, ana: Any) -> None:
    assert set(act(client, "mark_seen", 400)) == {"up_to_seq"}


@pytest.mark.parametrize("raw", [b"[]", b"null", b"7", b'"mark_read"', b"{", b""])
def test_a_body_that_is_no_object_is_refused(client: APIClient, ana: Any, raw: bytes) -> None:
    assert client.post(ADDRESS, raw, content_type="application/json").status_code == 400


def test_a_page_acts_with_its_session_and_csrf_token(ana: Any) -> None:
    [pk] = send(ana)
    page = by_session(ana, enforce_csrf_checks=True)
    fields = {"action": "mark_read", "notification_ids": [pk]}
    assert page.post(ADDRESS, fields, format="json").status_code == 403
    page.cookies["csrftoken"] = "a" * 32
    assert page.post(ADDRESS, fields, format="json", HTTP_X_CSRFTOKEN="a" * 32).json()["changed"] == 1


def test_the_service_key_acts_for_whom_it_names(service: APIClient, ana: Any) -> None:
    [pk] = send(ana)
    assert set(act(service, "mark_read", 400, notification_ids=[pk])) == {"user_id"}
    assert act(service, "mark_read", query=f"?user_id={ana.pk}", notification_ids=[pk])["changed"] == 1


def test_nobody_acts_for_nobody_and_get_is_no_way_to_act(client: APIClient, ana: Any) -> None:
    assert APIClient().post(ADDRESS, {"action": "mark_all_read"}, format="json").status_code == 401
    assert client.get(f"{ADDRESS}?action=mark_all_read").status_code == 405
