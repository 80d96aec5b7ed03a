"""SPEC §1.3: each of the eight types, as a client that knows only those hears and says them."""

from __future__ import annotations

from datetime import datetime, timedelta

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from notifications.inbox import actions
from notifications.models import Inbox
from tests.client import EIGHT_TYPES
from tests.live_site import LiveSite


async def test_connection_established(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    greeting = client.of("connection_established")
    assert greeting == [{"user_id": user.pk, "message": "Connected to notification server"}]
    assert client.types[0] == "connection_established"
    moment = datetime.fromisoformat(client.frames[0]["timestamp"])
    assert moment.utcoffset() == timedelta(0)


async def test_notification(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    content = {"message": "3 left", "priority": "critical", "data": {"left": 3}, "url": "/stock/7"}
    pk = await live.send(user, "Low stock", **content)
    heard = await client.hears("notification")
    assert heard["id"] == pk
    assert heard["type"] == "stock_alert"
    assert heard["subject"] == "Low stock"
    assert {name: heard[name] for name in content} == content
    assert datetime.fromisoformat(heard["created_at"]).utcoffset() == timedelta(0)


async def test_unread_count_at_connect_on_change_and_on_request(live: LiveSite, user):
    await live.send(user)
    client = await live.open(user, protocol=1)
    await client.hears("unread_count")
    pk = await live.send(user)
    await client.hears("unread_count", 2)
    await client.say("mark_read", notification_id=pk)
    await client.hears("unread_count", 3)
    await client.say("get_unread_count", request_id="r1")
    assert (await client.hears("unread_count", 4))["request_id"] == "r1"
    assert [data["unread_count"] for data in client.of("unread_count")] == [1, 2, 1, 1]


async def test_ping_and_pong_from_the_server(quick: LiveSite, user):
    """A client that answers stays, however long nothing happens."""
    client = await quick.open(user, protocol=1)
    await client.hears("ping", 3, seconds=8)  # more than SILENCE_SECONDS
    assert all("data" not in frame for frame in client.frames if frame["type"] == "ping")
    assert not client.closed


async def test_ping_and_pong_from_the_client(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    await client.say("ping")
    await client.hears("pong")
    await client.say("pong")
    await client.ask_back()
    assert client.of("error") == []


async def test_mark_read(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    pk = await live.send(user)
    await client.until(lambda: client.copy.unread_count == 1)
    await client.say_raw(f'{{"type": "mark_read", "notification_id": {pk}}}')
    await client.until(lambda: client.copy.unread_count == 0)
    inbox = await Inbox.objects.aget(pk=user.pk)
    assert inbox.unread_count == 0


async def test_get_unread_count(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    await client.say("get_unread_count")
    assert await client.hears("unread_count", 2) == {"unread_count": 0}


async def test_notification_read_confirmation_to_every_connection_one_per_id(live: LiveSite, user):
    tabs = [await live.open(user, protocol=1) for _ in range(2)]
    ids = [await live.send(user) for _ in range(3)]
    await tabs[0].say("mark_read", notification_ids=ids)
    for tab in tabs:
        await tab.hears("notification_read_confirmation", 3)
        confirmed = tab.of("notification_read_confirmation")
        assert confirmed == [{"notification_id": pk, "read": True} for pk in ids]
        await tab.until(lambda tab=tab: tab.copy.unread_count == 0)
    await tabs[1].say("mark_unread", notification_id=ids[0])
    for tab in tabs:
        assert await tab.hears("notification_read_confirmation", 4) == {"notification_id": ids[0], "read": False}
        await tab.until(lambda tab=tab: tab.copy.unread_count == 1)


async def test_marking_again_is_answered_to_whoever_asked_only(live: LiveSite, user):
    asking, other = [await live.open(user, protocol=1) for _ in range(2)]
    pk = await live.send(user)
    for number in (1, 2):
        await asking.say("mark_read", notification_id=pk)
        await asking.hears("notification_read_confirmation", number)
    await other.ask_back()
    assert len(other.of("notification_read_confirmation")) == 1


async def test_unarchiving_what_is_not_archived_calls_nothing_read(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    pk = await live.send(user)
    await client.until(lambda: client.copy.unread_count == 1)
    await client.say("unarchive", notification_id=pk, request_id="r1")
    assert await client.hears("unread_count", 3) == {"unread_count": 1, "request_id": "r1"}
    assert client.of("notification_read_confirmation") == []


async def test_anothers_notification_can_be_neither_read_nor_seen_to_exist(live: LiveSite, user, other):
    theirs = await live.send(other)
    client = await live.open(user, protocol=1)
    for pk in (theirs, 2**62):
        await client.say("mark_read", notification_id=pk, request_id=str(pk))
    await client.hears("error", 2)
    (first, second) = ({**error, "request_id": ""} for error in client.of("error"))
    assert first == second
    assert first["code"] == "not_found"
    assert (await Inbox.objects.aget(pk=other.pk)).unread_count == 1


async def test_whatever_happens_a_default_client_hears_the_eight_types_only(live: LiveSite, user: User):
    """The client itself fails at any other. Afterwards its count is right."""
    client = await live.open(user, protocol=1)
    ids = [await live.send(user) for _ in range(4)]
    for command in ("archive", "unarchive", "delete", "mark_unread"):
        await client.say(command, notification_id=ids.pop())
    await client.say("mark_seen", up_to_seq=2)
    await client.say("sync", since=0, epoch="x")
    await client.say("mark_all_read")
    await client.ask_back()
    await live.send(user, "the last one")
    await client.until(lambda: "the last one" in [data["subject"] for data in client.of("notification")])
    await client.until(lambda: client.copy.unread_count == 1)
    assert set(client.types) <= EIGHT_TYPES
    assert (await Inbox.objects.aget(pk=user.pk)).unread_count == 1


async def test_mark_all_of_more_than_500_rows_is_one_confirmation_each_and_then_the_count(live: LiveSite, user):
    def fill() -> None:
        from notifications.models import Notification

        Notification.objects.bulk_create(
            Notification(recipient=user, type="stock_alert", subject=str(number)) for number in range(600)
        )

    await sync_to_async(fill)()
    client = await live.open(user, protocol=1)
    assert client.copy.unread_count == 600
    await client.say("mark_all_read")
    await client.until(lambda: client.copy.unread_count == 0)
    assert len({data["notification_id"] for data in client.of("notification_read_confirmation")}) == 600
    assert client.types[-1] == "unread_count"
    assert (await sync_to_async(actions.mark_all_read)(user)).changed == 0
