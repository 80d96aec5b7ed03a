"""Protocol 2 over real sockets: every frame of PROTOCOL's list, with every field."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from notifications.models import Inbox, Notification
from tests.live_site import SERVICE_KEY, LiveSite

ROW = {
    "id", "type", "subject", "message", "priority", "created_at", "url", "data", "actor", "target", "read_at",
    "archived_at", "seq", "rev", "unread_count",
}  # fmt: skip


async def inbox_of(user: Any) -> Inbox:
    return await Inbox.objects.aget(pk=user.pk)


@pytest.mark.parametrize("way", ["query", "subprotocol", "key in subprotocol"])
async def test_it_is_chosen_by_the_query_or_by_the_subprotocol_which_alone_is_echoed(live: LiveSite, user, way):
    key = "key." + base64.urlsafe_b64encode(SERVICE_KEY.encode()).decode().rstrip("=")
    options: dict[str, Any] = {
        "query": {"query": {"user_id": user.pk}, "headers": {"X-API-Key": SERVICE_KEY}},
        "subprotocol": {
            "query": {"user_id": user.pk},
            "headers": {"X-API-Key": SERVICE_KEY},
            "subprotocols": ["other", "notifications.v2"],
        },
        "key in subprotocol": {"query": {"user_id": user.pk}, "subprotocols": ["notifications.v2", key]},
    }[way]
    client = await live.stranger(protocol=2, **options).connect()
    assert client.socket.subprotocol == (None if way == "query" else "notifications.v2")
    inbox = await inbox_of(user)
    assert client.of("connection_established") == [
        {
            "user_id": user.pk,
            "message": "Connected to notification server",
            "protocol": 2,
            "rev": 0,
            "horizon_rev": 0,
            "epoch": str(inbox.epoch),
            "seen_seq": 0,
            "unread_count": 0,
            "ping_interval": 30.0,
        }
    ]


async def test_notification_has_every_field(live: LiveSite, user):
    client = await live.open(user)
    pk = await live.send(user, "Low", message="3 left", priority="high", url="/stock/7", data={"left": 3})
    heard = await client.hears("notification")
    assert set(heard) == ROW
    expected = {
        "id": pk, "type": "stock_alert", "subject": "Low", "message": "3 left", "priority": "high", "url": "/stock/7",
        "data": {"left": 3}, "actor": None, "target": None, "read_at": None, "archived_at": None,
        "seq": 1, "rev": 1, "unread_count": 1,
    }  # fmt: skip
    assert {name: heard[name] for name in expected} == expected


async def test_actor_and_target_are_texts_and_links(quick: LiveSite, user, other):
    client = await quick.open(user)
    await Notification.objects.acreate(
        recipient=user, type="stock_alert", subject="x", actor_text="Bea", actor_url="/u/2", target_text="Bolt"
    )
    heard = await client.hears("notification")
    assert (heard["actor"], heard["target"]) == ({"text": "Bea", "url": "/u/2"}, {"text": "Bolt", "url": ""})


async def test_a_send_that_asks_for_no_websocket_is_silent_not_missing(live: LiveSite, user):
    client = await live.open(user)
    await live.send(user, channels=["in_app"])
    heard = await client.hears("notification")
    assert heard["silent"] is True
    assert set(heard) == ROW | {"silent"}


async def test_confirmations_of_one_of_many_and_of_all_up_to(live: LiveSite, user):
    client = await live.open(user)
    ids = [await live.send(user) for _ in range(4)]
    await client.say("mark_read", notification_id=ids[0])
    rest = {"read": True, "rev": 5, "unread_count": 3}
    assert await client.hears("notification_read_confirmation") == {"notification_id": ids[0], **rest}
    await client.say("mark_read", notification_ids=ids[1:3])
    rest = {"read": True, "rev": 6, "unread_count": 1}
    assert await client.hears("notification_read_confirmation", 2) == {"notification_ids": ids[1:3], **rest}
    await client.say("mark_unread", notification_id=ids[0])
    rest = {"read": False, "rev": 7, "unread_count": 2}
    assert await client.hears("notification_read_confirmation", 3) == {"notification_id": ids[0], **rest}
    await client.say("mark_read", up_to_seq=1)
    rest = {"read": True, "rev": 8, "unread_count": 1}
    assert await client.hears("notification_read_confirmation", 4) == {"notification_id": ids[0], **rest}
    assert client.copy.unread == {ids[3]}


async def test_mark_all_of_more_than_500_rows_is_one_frame(live: LiveSite, user):
    def fill() -> None:
        rows = (Notification(recipient=user, type="stock_alert", subject=str(number)) for number in range(600))
        Notification.objects.bulk_create(rows)

    await sync_to_async(fill)()
    client = await live.open(user)
    await client.say("mark_all_read")
    expected = {"up_to_seq": 600, "read": True, "rev": 601, "unread_count": 0}
    assert await client.hears("notification_read_confirmation") == expected


async def test_mark_all_up_to_leaves_what_came_since(live: LiveSite, user):
    client = await live.open(user)
    ids = [await live.send(user) for _ in range(3)]
    await client.hears("notification", 3)
    await client.say("mark_all_read", up_to_seq=2)
    await client.hears("notification_read_confirmation")
    assert (client.copy.unread, client.copy.unread_count) == ({ids[2]}, 1)


async def test_notification_updated(live: LiveSite, user):
    client = await live.open(user)
    pk = await live.send(user)
    await client.say("archive", notification_id=pk)
    updated = await client.hears("notification_updated")
    assert set(updated) == ROW
    assert updated["archived_at"] == updated["read_at"] is not None
    assert (updated["id"], updated["seq"], updated["rev"], updated["unread_count"]) == (pk, 1, 2, 0)
    await client.say("unarchive", notification_id=pk)
    updated = await client.hears("notification_updated", 2)
    assert (updated["archived_at"], updated["rev"]) == (None, 3)


async def test_notification_deleted(live: LiveSite, user):
    client = await live.open(user)
    pk = await live.send(user)
    await client.say("delete", notification_id=pk)
    assert await client.hears("notification_deleted") == {"notification_ids": [pk], "rev": 2, "unread_count": 0}


async def test_seen_never_goes_back_nor_beyond_what_exists(live: LiveSite, user):
    client = await live.open(user)
    for _ in range(3):
        await live.send(user)
    for asked in (2, 1, 99):
        await client.say("mark_seen", up_to_seq=asked)
    await client.hears("seen", 2)
    assert client.of("seen") == [{"seen_seq": 2, "rev": 4}, {"seen_seq": 4, "rev": 5}]


async def test_errors_carry_the_request(live: LiveSite, user):
    client = await live.open(user)
    await client.say("delete", notification_id=1, request_id="r1")
    error = await client.hears("error")
    assert error == {"code": "not_found", "message": "You have no notification with that id.", "request_id": "r1"}


async def test_unread_count_frames_are_answers_only(live: LiveSite, user):
    """Every other frame carries the count already."""
    client = await live.open(user)
    await live.send(user)
    await client.hears("notification")
    await client.say("get_unread_count", request_id="r1")
    await client.hears("unread_count", 2)
    assert client.of("unread_count") == [{"unread_count": 0}, {"unread_count": 1, "request_id": "r1"}]
