"""``ATOMIC_REQUESTS``: each view of the host is one transaction, and the API's own views are none."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.http import HttpRequest, JsonResponse
from django.test import Client
from django.urls import include, path

from notifications import send_notification
from notifications.auth import keys
from notifications.inbox.services import archive, mark_all_read, mark_read, mark_unread
from notifications.models import Inbox, Notification

from .conftest import Heard
from .invariants import check, check_dense, reading, settle
from .workers import at_once


def host_view(request: HttpRequest) -> JsonResponse:
    """Does what its query says, inside the transaction that Django opened for it."""
    assert connection.in_atomic_block
    user_id = int(request.GET["user"])
    ids = sorted(int(pk) for pk in request.GET.getlist("id"))
    for action in request.GET.getlist("do"):
        if action == "send":
            send_notification(user_id, "stock_alert", "x")
        elif action == "read all":
            mark_all_read(user_id)
        elif action == "fail":
            raise RuntimeError("the host's own")
        else:
            {"read": mark_read, "unread": mark_unread, "archive": archive}[action](user_id, ids)
    return JsonResponse({"visible": Notification.objects.visible().count()})


urlpatterns = [path("host/", host_view), path("", include("project.urls"))]


@pytest.fixture(autouse=True)
def atomic_requests(settings: Any, monkeypatch: Any) -> None:
    # One dict for all threads: every connection reads its settings from there.
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    settings.ROOT_URLCONF = __name__
    settings.NOTIFICATIONS = {"SERVICE_KEY": "service"}


def host(user: Any, *actions: str, ids: list[int] | None = None) -> Any:
    response = Client().get("/host/", {"user": user.pk, "do": actions, "id": ids or []})
    assert response.status_code == 200
    return response.json()


def test_a_send_of_a_view_is_numbered_after_its_transaction(ana: Any, heard: Heard) -> None:
    assert host(ana, "send", "send") == {"visible": 0}
    check_dense(ana, 2)
    assert len(heard) == 1


def test_a_view_that_fails_leaves_nothing(ana: Any, heard: Heard) -> None:
    with pytest.raises(RuntimeError, match="the host's own"):
        host(ana, "send", "fail")
    settle()
    assert (Notification.objects.count(), heard) == (0, [])


def test_the_api_answers_with_what_it_has_done(ana: Any) -> None:
    """Inside one transaction the count would be that from before."""
    pk = send_notification(ana, "stock_alert", "x")["notification_id"]
    key = {"HTTP_X_API_KEY": keys.issue(ana, "test")[1]}
    Client().put(f"/api/notifications/{pk}/mark-as-read?read=true", **key)
    assert Client().get("/api/notifications/unread-count", **key).json() == {"unread_count": 0}
    check(ana)


def test_eight_tabs_of_a_host_that_mark_500_rows(ana: Any) -> None:
    with transaction.atomic():
        ids = [send_notification(ana, "stock_alert", "x")["notification_id"] for _ in range(500)]
    key = {"HTTP_X_API_KEY": keys.issue(ana, "test")[1]}

    def tab(number: int) -> None:
        dice = random.Random(number)
        for _ in range(10):
            some = dice.sample(ids, 20)
            action = dice.choice(["read", "unread", "archive", "send", "api"])
            if action == "api":
                url = f"/api/notifications/{some[0]}/mark-as-read?read={dice.choice(['true', 'false'])}"
                assert Client().put(url, **key).status_code == 200
            else:
                host(ana, action, ids=some)
        host(ana, "read all") if number % 2 else Client().post("/api/notifications/mark-all-read", **key)

    with reading(ana) as readers:
        at_once(tab)
        settle()
    check()
    readers[0].check_saw_everything()
    host(ana, "read all")
    assert Inbox.objects.get(pk=ana.pk).unread_count == 0
    assert not Notification.objects.filter(read_at=None, archived_at=None).exists()
