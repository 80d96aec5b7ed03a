"""A client that was away, or whose numbers mean nothing any more, has everything in the end: once, and in order."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from notifications.inbox import actions
from notifications.inbox.retention import new_epoch, purge
from notifications.models import Inbox, Notification
from tests.client import Client
from tests.live_site import LiveSite
from tests.servers import Site


async def fill(user: Any, count: int) -> None:
    rows = [Notification(recipient=user, type="stock_alert", subject=str(number)) for number in range(count)]
    await sync_to_async(Notification.objects.bulk_create)(rows)


async def assert_knows_all(client: Client, user: Any) -> None:
    """The client's copy is the inbox."""
    inbox = await Inbox.objects.aget(pk=user.pk)
    living = [row async for row in Notification.objects.filter(recipient=user).visible()]
    copy = client.copy
    assert (copy.rev, copy.epoch, copy.unread_count) == (inbox.last_rev, str(inbox.epoch), inbox.unread_count)
    assert set(copy.rows) == {row.pk for row in living}
    assert copy.unread == {row.pk for row in living if row.counted}
    assert copy.seen_seq == inbox.seen_seq


async def test_what_happened_meanwhile_is_replayed_in_order_and_then_it_goes_on_live(live: LiveSite, user):
    client = await live.open(user)
    ids = [await live.send(user, f"before {number}") for number in range(4)]
    await client.hears("notification", 4)
    await client.drop()
    ids += [await live.send(user, f"while away {number}") for number in range(3)]
    await sync_to_async(actions.mark_read)(user, [ids[1], ids[5]])
    await sync_to_async(actions.delete)(user, [ids[0]])
    await sync_to_async(actions.mark_seen)(user, 3)
    client.forget_frames()
    await client.connect()
    assert client.types[:2] == ["connection_established", "unread_count"]
    assert client.types[-1] == "sync_complete"
    replayed = [frame for frame in client.frames if frame["data"].get("replay")]
    assert [(f["type"], f["data"].get("id") or f["data"]["notification_ids"][0]) for f in replayed] == [
        ("notification", ids[4]),
        ("notification", ids[6]),
        ("notification", ids[1]),
        ("notification", ids[5]),
        ("notification_deleted", ids[0]),
    ]
    await assert_knows_all(client, user)
    await live.send(user, "after")
    await client.until(lambda: "after" in [data["subject"] for data in client.of("notification")])
    await assert_knows_all(client, user)


async def test_who_missed_nothing_hears_so(live: LiveSite, user):
    client = await live.open(user)
    await live.send(user)
    await client.hears("notification")
    await client.drop()
    client.forget_frames()
    await client.connect()
    assert client.types == ["connection_established", "unread_count", "sync_complete"]
    assert client.of("sync_complete") == [{"rev": 1, "seen_seq": 0, "unread_count": 1}]


async def test_sync_answers_like_a_new_connection(live: LiveSite, user):
    client = await live.open(user)
    ids = [await live.send(user) for _ in range(3)]
    await client.hears("notification", 3)
    client.copy.rev = 1  # as a page that comes back from the browser's cache
    client.forget_frames()
    await client.sync()
    assert [data["id"] for data in client.of("notification")] == ids[1:]
    await client.sync()
    assert client.types[-1] == "sync_complete"
    await assert_knows_all(client, user)


async def test_500_changed_rows_are_replayed_and_501_are_too_far(live: LiveSite, user):
    client = await live.open(user)
    for count, reasons in ((500, []), (501, ["too_far"])):
        await client.drop()
        client.forget_frames()
        await fill(user, count)
        await client.connect()
        assert [data["reason"] for data in client.of("resync_required")] == reasons
        await assert_knows_all(client, user)
    await live.send(user)
    await client.hears("notification")
    await assert_knows_all(client, user)


def little_receiver(site: Site) -> socket.socket:
    """Connected to the site."""
    receiver = socket.socket()
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    url = urlsplit(site.http)
    receiver.connect((url.hostname, url.port))
    receiver.setblocking(False)
    return receiver


async def test_large_replays_are_no_faster_than_the_reader(live: LiveSite, user):
    """30 MB wait for a client that may have 1 MB waiting: it must not be closed as a reader too slow."""
    client = await live.open(user)
    await client.drop()
    # A frame that does not fit into a receiver's small buffer leaves in parts.
    client.options["sock"] = little_receiver(live.site)
    text = "x" * 90_000
    rows = [Notification(recipient=user, type="stock_alert", subject="big", message=text) for _ in range(340)]
    await sync_to_async(Notification.objects.bulk_create)(rows, batch_size=100)  # MariaDB takes 16 MB at once
    await client.connect()
    assert not client.closed, client.closes
    await assert_knows_all(client, user)


async def test_what_was_purged_cannot_be_replayed(live: LiveSite, user):
    client = await live.open(user)
    ids = [await live.send(user) for _ in range(3)]
    await client.hears("notification", 3)
    await client.drop()
    await sync_to_async(actions.delete)(user, ids[:1])
    long_ago = timezone.now() - timedelta(days=8)
    await Notification.objects.filter(pk=ids[0]).aupdate(deleted_at=long_ago)
    assert await sync_to_async(purge)() == 1
    await client.connect()
    assert [data["reason"] for data in client.of("resync_required")] == ["horizon"]
    await assert_knows_all(client, user)


@pytest.mark.parametrize("epoch", ["", "another", "00000000-0000-0000-0000-000000000000"])
async def test_numbers_of_another_epoch_mean_nothing(live: LiveSite, user, epoch):
    await live.send(user)
    client = live.client(user)
    client.copy.rev, client.copy.epoch = 1, epoch
    await client.connect()
    assert [data["reason"] for data in client.of("resync_required")] == ["epoch"]
    await assert_knows_all(client, user)


async def test_a_new_epoch_under_open_sockets(quick: LiveSite, user):
    client = await quick.open(user)
    await quick.send(user)
    await client.hears("notification")
    await sync_to_async(new_epoch)()
    await client.hears("resync_required")
    await client.until(lambda: client.copy.up_to_date)
    assert client.of("resync_required")[0]["reason"] == "epoch"
    await quick.send(user)
    await client.hears("notification", 2)
    await assert_knows_all(client, user)


async def test_an_inbox_that_somebody_deleted_under_open_sockets(quick: LiveSite, user):
    client = await quick.open(user)
    for _ in range(3):
        await quick.send(user)
    await client.hears("notification", 3)
    await Inbox.objects.filter(pk=user.pk).adelete()
    await client.hears("resync_required")
    await quick.send(user)
    await client.until(lambda: client.copy.rev == 4)
    await assert_knows_all(client, user)


async def go_back(user: Any, rev: int) -> None:
    """As if an older copy of the database had been restored."""
    await Inbox.objects.filter(pk=user.pk).aupdate(last_rev=rev, unread_count=rev)
    await sync_to_async(Notification.objects.filter(recipient=user, seq__gt=rev)._raw_delete)("default")


async def test_a_database_that_went_back_under_open_sockets(quick: LiveSite, user):
    client = await quick.open(user)
    for _ in range(3):
        await quick.send(user)
    await client.hears("notification", 3)
    before = client.copy.epoch
    await go_back(user, 1)
    await client.hears("resync_required")
    await client.until(lambda: client.copy.up_to_date)
    assert client.copy.epoch != before
    await assert_knows_all(client, user)


async def test_a_client_that_knows_more_than_the_database_starts_a_new_epoch_for_all(quick: LiveSite, user):
    staying, away = await quick.open(user), await quick.open(user)
    for _ in range(3):
        await quick.send(user)
    for client in (staying, away):
        await client.hears("notification", 3)
    before = away.copy.epoch
    await away.drop()
    await go_back(user, 2)
    await away.connect()
    assert away.of("resync_required")[-1]["reason"] == "epoch"
    for client in (staying, away):
        await client.hears("resync_required")
        await client.until(lambda client=client: client.copy.up_to_date)
        assert client.copy.epoch != before
        await assert_knows_all(client, user)


async def test_connecting_while_sends_are_under_way(live: LiveSite, user):
    """Whatever commits between the accept and the snapshot is in one of the two; never in neither, nor in both."""
    sending = asyncio.create_task(send_many(live, user, 15))
    clients = []
    while not sending.done():
        clients.append(await live.open(user))
    for client in clients:
        await client.until(lambda client=client: client.copy.rev == 15)
    assert len(clients) > 3
    assert {client.copy.unread_count for client in clients} == {15}


async def send_many(live: LiveSite, user: Any, count: int) -> None:
    for _ in range(count):
        await live.send(user)
