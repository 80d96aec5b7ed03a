"""SPEC §1.5: what is done to one notification, and to whose."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Inbox, Notification

from .conftest import ids, send

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/notifications"


def unread_count(user: Any) -> int:
    return Inbox.objects.get(pk=user.pk).unread_count


def test_get_one(client: APIClient, ana: Any) -> None:
    first, second = send(ana, 2)
    assert client.get(f"{LIST}/{second}").json() == client.get(LIST).json()["notifications"][0]
    assert client.get(f"{LIST}/{first}").json()["id"] == first


def test_put_mark_as_read_true_and_false(client: APIClient, ana: Any) -> None:
    [pk] = send(ana)
    read = client.put(f"{LIST}/{pk}/mark-as-read", {"read": "true"}).json()  # the body is not asked
    assert (read["read"], read["rev"], unread_count(ana)) == (True, 2, 0)
    unread = client.put(f"{LIST}/{pk}/mark-as-read?read=false").json()
    assert (unread["read"], unread["read_at"], unread["rev"], unread_count(ana)) == (False, None, 3, 1)
    assert client.put(f"{LIST}/{pk}/mark-as-read?read=true").json()["read"] is True


def test_mark_as_read_is_idempotent(client: APIClient, ana: Any) -> None:
    [pk] = send(ana)
    first = client.put(f"{LIST}/{pk}/mark-as-read").json()
    assert client.put(f"{LIST}/{pk}/mark-as-read").json() == first
    assert unread_count(ana) == 0


def test_put_archive_true_and_false(client: APIClient, ana: Any) -> None:
    [pk] = send(ana)
    archived = client.put(f"{LIST}/{pk}/archive").json()
    assert archived["archived_at"] is not None
    assert archived["read"] is True
    assert unread_count(ana) == 0
    assert client.put(f"{LIST}/{pk}/archive?archived=true").json() == archived
    assert client.get(f"{LIST}/{pk}").json() == archived
    assert client.put(f"{LIST}/{pk}/archive?archived=false").json()["archived_at"] is None
    assert ids(client.get(LIST)) == [pk]


def test_delete_one(client: APIClient, ana: Any) -> None:
    gone, stays = send(ana, 2)
    response = client.delete(f"{LIST}/{gone}")
    assert (response.status_code, response.json()) == (200, {"deleted_count": 1})
    assert ids(client.get(LIST)) == [stays]
    assert unread_count(ana) == 1
    assert client.delete(f"{LIST}/{gone}").status_code == 404


EVERY_CALL = [
    ("get", ""),
    ("delete", ""),
    ("put", "/mark-as-read"),
    ("put", "/mark-as-read?read=false"),
    ("put", "/archive"),
    ("put", "/archive?archived=false"),
]


@pytest.mark.parametrize(("method", "rest"), EVERY_CALL)
def test_404_for_another_users_id_and_for_what_is_no_id(
    client: APIClient, ana: Any, ben: Any, method: str, rest: str
) -> None:
    """The same body for all, so nobody can tell another's from an unknown one."""
    [bens] = send(ben)
    before = Notification.objects.values().get(pk=bens)
    beyond = [bens + 1, 2**63, 2**64, 10**30, "9" * 5000]
    odd = ["0", "-1", "1.0", "١", "abc", "%00", "mark-as-read", "%0a", f"{bens}%0a", "+1", "%ff", "1;drop"]
    for number in [bens, *beyond, *odd]:
        response = getattr(client, method)(f"{LIST}/{number}{rest}")
        assert (response.status_code, response.json()) == (404, {"detail": "There is no such notification."}), number
    assert Notification.objects.values().get(pk=bens) == before


@pytest.mark.parametrize(("method", "rest"), EVERY_CALL)
def test_a_deleted_one_is_gone_for_every_call(client: APIClient, ana: Any, method: str, rest: str) -> None:
    [pk] = send(ana)
    client.delete(f"{LIST}/{pk}")
    assert getattr(client, method)(f"{LIST}/{pk}{rest}").status_code == 404
