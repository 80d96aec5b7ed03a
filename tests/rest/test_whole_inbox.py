"""SPEC §1.5: what is done to all of a user's notifications at once."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.inbox.services import archive

from .conftest import ids, send

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/notifications"


def test_delete_all_is_idempotent_and_tells_how_many(client: APIClient, ana: Any, ben: Any) -> None:
    put_away, *_ = send(ana, 3)
    [bens] = send(ben)
    archive(ana, [put_away])
    assert client.delete(LIST).json() == {"deleted_count": 3}
    assert client.delete(LIST).json() == {"deleted_count": 0}
    assert client.get(LIST).json()["pagination"]["total_items"] == 0
    assert ben.inbox_notifications.visible().get().pk == bens


def test_mark_all_read(client: APIClient, ana: Any, ben: Any) -> None:
    send(ana, 3)
    send(ben)
    assert client.post(f"{LIST}/mark-all-read").json() == {"updated_count": 3, "unread_count": 0}
    assert client.post(f"{LIST}/mark-all-read").json() == {"updated_count": 0, "unread_count": 0}
    assert ben.inbox_notifications.get().read_at is None


def test_mark_all_read_up_to_a_seq_leaves_what_came_later(client: APIClient, ana: Any) -> None:
    sent = send(ana, 3)
    response = client.post(f"{LIST}/mark-all-read", {"up_to_seq": 2}, format="json")
    assert response.json() == {"updated_count": 2, "unread_count": 1}
    assert ids(client.get(LIST, {"status": "unread"})) == sent[2:]
    assert client.post(f"{LIST}/mark-all-read", {"up_to_seq": 0}, format="json").json()["updated_count"] == 0


def test_mark_seen_never_goes_back(client: APIClient, ana: Any) -> None:
    send(ana, 3)

    def mark_seen(seq: int) -> Any:
        return client.post(f"{LIST}/mark-seen", {"up_to_seq": seq}, format="json").json()

    assert mark_seen(2) == {"seen_seq": 2}
    assert mark_seen(1) == {"seen_seq": 2}
    assert client.get(LIST).json()["seen_seq"] == 2
    assert client.get(f"{LIST}/unread-count").json() == {"unread_count": 3}


def test_seeing_the_future_sees_what_there_is(client: APIClient, ana: Any) -> None:
    send(ana, 3)
    response = client.post(f"{LIST}/mark-seen", {"up_to_seq": 10**30}, format="json")
    assert response.json() == {"seen_seq": 3}


def test_unread_count(client: APIClient, ana: Any, ben: Any) -> None:
    assert client.get(f"{LIST}/unread-count").json() == {"unread_count": 0}
    send(ana, 2)
    send(ben)
    assert client.get(f"{LIST}/unread-count").json() == {"unread_count": 2}


@pytest.mark.parametrize("call", ["mark-all-read", "mark-seen"])
@pytest.mark.parametrize("value", [-1, 1.5, "1", True, [1], {}, None])
def test_up_to_seq_is_a_whole_number(client: APIClient, ana: Any, call: str, value: Any) -> None:
    send(ana)
    response = client.post(f"{LIST}/{call}", {"up_to_seq": value}, format="json")
    assert response.status_code == 400
    assert response.json() == {"up_to_seq": ["up_to_seq must be a whole number of 0 or more."]}
    assert client.get(f"{LIST}/unread-count").json() == {"unread_count": 1}


def test_mark_seen_needs_its_seq(client: APIClient) -> None:
    assert list(client.post(f"{LIST}/mark-seen").json()) == ["up_to_seq"]
