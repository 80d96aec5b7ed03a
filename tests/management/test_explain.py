from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifications import send_notification
from notifications.inbox.services import delete
from notifications.models import Delivery, Notification, Reason, Status
from notifications.types import BUILT_IN

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2998, 3, 12, 12, 0, tzinfo=UTC)


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("luis")


@pytest.fixture(autouse=True)
def _channels(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {}}}


def run(*args: Any, **options: Any) -> str:
    out = StringIO()
    call_command("notifications_explain", *args, **options, stdout=out)
    return out.getvalue()


def send(user: Any, subject: str = "Hello", **fields: Any) -> int:
    pk = send_notification(user, "system_alert", subject, channels=BUILT_IN)["notification_id"]
    if fields:
        Delivery.objects.create(notification_id=pk, recipient=user, channel="email", **fields)
    return pk


def test_one_by_its_id(luis: Any) -> None:
    pk = send(luis, reason=Reason.RETRY, due_at=NOON, attempts=2, answer="421 try\nlater")
    first, *channels = run(pk).splitlines()
    assert first.startswith(f"{pk}: Hello (system_alert, critical, ")
    assert first.endswith(") to luis")
    assert channels[0] == "  in_app     sent     It is in the list, unread."
    assert channels[2] == (
        "  email      queued   The last attempt failed. The next one: March 12, 2998, noon. Attempts: 2. "
        "Answer: 421 try later"
    )
    assert len(channels) == 3


def test_a_deleted_one_too(luis: Any) -> None:
    pk = send(luis)
    delete(luis, [pk])
    assert run(pk).startswith(f"{pk}: (deleted) (system_alert, ")


def test_the_last_ones_of_a_person_by_name_or_key(luis: Any) -> None:
    ids = [send(luis, f"Number {number}") for number in range(3)]
    send(get_user_model().objects.create_user("ana"), "Not his")
    heads = [line.split(":")[0] for line in run(user="luis", last=2).splitlines() if not line.startswith(" ")]
    assert heads == [str(ids[2]), str(ids[1])]
    assert "Number 0" in run(user=str(luis.pk))
    assert "Not his" not in run(user="luis")


def test_as_json(luis: Any) -> None:
    pk = send(luis, status=Status.SENT, finished_at=NOON, answer="250 OK")
    [document] = json.loads(run(pk, json=True))
    assert (document["notification_id"], document["recipient"]) == (pk, str(luis.pk))
    assert [each["channel"] for each in document["deliveries"]] == ["in_app", "websocket", "email"]
    assert document["deliveries"][2]["answer"] == "250 OK"
    assert document["deliveries"][2]["finished_at"] == "2998-03-12T12:00:00Z"
    assert json.loads(run(user="luis", json=True)) == [document]


def test_it_asks_for_the_worker_where_nobody_seems_to_deliver(luis: Any) -> None:
    pk = send(luis, due_at=timezone.now() - timedelta(minutes=1))
    assert "notifications_worker" not in run(pk)
    Delivery.objects.update(due_at=timezone.now() - timedelta(minutes=6))
    assert "is manage.py notifications_worker running" in run(pk)


@pytest.mark.parametrize(
    ("args", "options", "sentence"),
    [
        ([], {}, "Name either the id of a notification, or a person"),
        ([1], {"user": "luis"}, "Name either the id of a notification, or a person"),
        ([999_999], {}, "There is no notification 999999."),
        ([2**70], {}, "There is no notification"),
        ([-1], {}, "There is no notification -1."),
        ([], {"user": "nobody"}, "There is no user with the key or the name 'nobody'."),
        ([], {"user": "luis", "last": 0}, "--last must be 1 or more; got 0."),
    ],
)
def test_what_is_wrong_is_said(luis: Any, args: list[Any], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence.replace("(", r"\(")):
        run(*args, **options)


def test_somebody_without_any(luis: Any) -> None:
    assert run(user="luis") == "There is no notification for this person.\n"
    assert not Notification.objects.exists()
