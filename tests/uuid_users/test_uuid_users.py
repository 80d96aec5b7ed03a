"""A site whose users have UUIDs for keys: everything that names a user, in Python, SQL, JSON and URLs."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from notifications import send_notification, send_notifications
from notifications.auth.keys import issue
from notifications.exceptions import UnknownRecipient
from notifications.inbox import services
from notifications.inbox.changes import changes_since
from notifications.inbox.sweeper import sweep
from notifications.models import BatchChunk, Inbox, Notification
from tests.live_site import LiveSite, environment

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_user_model_is_what_this_is_about(ada: Any) -> None:
    assert isinstance(ada.pk, uuid.UUID)


@pytest.mark.parametrize("name", [lambda user: user, lambda user: user.pk, lambda user: str(user.pk)])
def test_a_user_is_named_by_instance_key_or_text(ada: Any, name: Any) -> None:
    result = send_notification(name(ada), "message", "Hello")
    assert Notification.objects.get(pk=result["notification_id"]).recipient == ada


@pytest.mark.parametrize("key", ["1", "not-a-uuid", 1, uuid.uuid4()])
def test_a_key_that_is_nobodys(ada: Any, key: Any) -> None:
    with pytest.raises(UnknownRecipient):
        send_notification(key, "message", "Hello")
    assert not Notification.objects.exists()


def test_read_archive_delete_and_counts(ada: Any) -> None:
    ids = [send_notification(ada, "message", f"Number {n}")["notification_id"] for n in range(4)]
    services.mark_read(ada, ids[:1])
    services.archive(ada.pk, ids[1:2])
    services.delete(str(ada.pk), ids[2:3])
    services.mark_seen(ada, 4)
    inbox = Inbox.objects.get(user=ada)
    assert (inbox.unread_count, inbox.last_rev, inbox.seen_seq) == (1, 8, 4)


def test_many_people_in_chunks_that_are_kept_as_json(ada: Any, bob: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 1}
    result = send_notifications(get_user_model().objects.all(), "message", "To all")
    assert (result["recipients"], result["created"], result["pending"]) == (2, 2, 0)
    assert sorted(key for chunk in BatchChunk.objects.all() for key in chunk.user_ids) == sorted(
        [str(ada.pk), str(bob.pk)]
    )
    assert list(Inbox.objects.values_list("unread_count", flat=True)) == [1, 1]


def test_the_changes_of_several_people_in_one_statement(ada: Any, bob: Any) -> None:
    for person in (ada, ada, bob):
        send_notification(person, "message", "Hello")
    changes = changes_since({ada.pk: 1, bob.pk: 0}, using="default")
    assert {key: [row["rev"] for row in found.rows] for key, found in changes.items()} == {ada.pk: [2], bob.pk: [1]}


def test_what_was_written_past_the_services(ada: Any, bob: Any) -> None:
    Notification.objects.bulk_create(Notification(recipient=who, type="message", subject="x") for who in (ada, bob))
    Notification.objects.filter(recipient=bob).update(subject="y")
    Notification.objects.filter(recipient=ada).update(priority="high")
    assert not sweep(using="default")
    assert sorted(Inbox.objects.values_list("last_rev", flat=True)) == [2, 2]
    assert not Notification.objects.filter(pending=True).exists()


def test_rest_with_a_key_of_ones_own(ada: Any, bob: Any) -> None:
    client = APIClient(headers={"X-API-Key": issue(ada, "test")[1]})
    send_notification(bob, "message", "Not hers")
    own = send_notification(ada, "message", "Hers")["notification_id"]
    listed = client.get("/api/notifications", {"user_id": str(ada.pk)}).json()
    assert [item["id"] for item in listed["notifications"]] == [own]
    assert client.get("/api/notifications", {"user_id": str(bob.pk)}).status_code == 401


def test_the_rest_api_describes_keys_as_they_are(ada: Any) -> None:
    client = APIClient(HTTP_X_API_KEY=issue(ada, "test")[1])
    schema = client.get("/api/notifications/schema").json()
    [user_id] = [item for item in schema["paths"]["/api/notifications"]["parameters"] if item["name"] == "user_id"]
    assert schema["components"]["schemas"]["UserKey"] == user_id["schema"] == {"type": "string", "format": "uuid"}


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_sockets(kind: str, ada: Any, bob: Any, make_site: Any) -> None:
    live = LiveSite(await sync_to_async(make_site)(kind=kind, **environment()))
    hers, his = await live.open(ada), await live.open(bob, protocol=1)
    assert (await hers.hears("connection_established"))["user_id"] == str(ada.pk)
    await live.send(ada, "For Ada")
    await live.send_to_many([ada, bob], "For both")
    await hers.hears("notification", 2)
    await his.hears("notification", 1)
    assert [frame["subject"] for frame in hers.of("notification")] == ["For Ada", "For both"]
    assert [frame["subject"] for frame in his.of("notification")] == ["For both"]
    await hers.say("mark_read", notification_id=hers.of("notification")[0]["id"])
    assert (await hers.hears("notification_read_confirmation"))["unread_count"] == 1
    await live.close()


async def test_a_socket_for_nobody(ada: Any, make_site: Any) -> None:
    live = LiveSite(await sync_to_async(make_site)(**environment()))
    for key in (uuid.uuid4(), 1, "not-a-uuid"):
        client = live.client(key)
        await client.connect(greeted=False)
        assert await client.closes_with(1008) == "Unauthorized"
    await live.close()
