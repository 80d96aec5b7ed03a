"""Every way in which a row can change reaches the sockets, once; and what never happened reaches none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.utils import timezone

from notifications.inbox.sending import send_notification
from notifications.models import Inbox, Notification
from tests.live_site import TYPE, LiveSite, environment


async def in_a_transaction(work: Callable[[], Any]) -> Any:
    def run() -> Any:
        with transaction.atomic():
            return work()

    return await sync_to_async(run)()


async def test_a_rolled_back_notification_reaches_no_socket(quick: LiveSite, user):
    client = await quick.open(user)

    class Undo(Exception):
        pass

    def send_and_fail() -> None:
        send_notification(user, TYPE, "never")
        Notification.objects.create(recipient=user, type=TYPE, subject="never")
        raise Undo

    with pytest.raises(Undo):
        await in_a_transaction(send_and_fail)
    await quick.send(user, "after")
    heard = await client.hears("notification")
    assert (heard["subject"], heard["rev"]) == ("after", 1)
    assert client.copy.shown == [heard["id"]]


async def test_a_transaction_is_heard_at_its_commit_in_the_order_of_its_sends(quick: LiveSite, user):
    client = await quick.open(user)
    await in_a_transaction(lambda: [send_notification(user, TYPE, subject) for subject in "abc"])
    await client.hears("notification", 3)
    assert [data["subject"] for data in client.of("notification")] == ["a", "b", "c"]
    assert client.copy.seqs == [1, 2, 3]


async def test_rows_that_the_admin_or_a_script_saves(quick: LiveSite, user):
    client = await quick.open(user)
    row = await Notification.objects.acreate(recipient=user, type=TYPE, subject="first")
    await client.hears("notification")
    row.subject = "second"
    await row.asave()
    await client.until(lambda: client.copy.rows[row.pk]["subject"] == "second")
    row.read_at = timezone.now()
    await row.asave()
    await client.until(lambda: client.copy.unread_count == 0)
    await row.adelete()
    await client.until(lambda: row.pk in client.copy.deleted)
    assert client.copy.shown == [row.pk]


async def test_queryset_updates_deletes_and_bulk_create(quick: LiveSite, user):
    client = await quick.open(user)
    rows = [Notification(recipient=user, type=TYPE, subject=str(number)) for number in range(5)]
    await sync_to_async(Notification.objects.bulk_create)(rows)
    await client.until(lambda: len(client.copy.rows) == 5)
    await Notification.objects.filter(subject="1").aupdate(subject="new")
    await client.until(lambda: "new" in [row["subject"] for row in client.copy.rows.values()])
    await Notification.objects.filter(subject__in="23").adelete()
    await client.until(lambda: len(client.copy.rows) == 3)
    assert client.copy.unread_count == 3


async def test_a_plain_insert_is_found_by_the_sweeper(make_site, user):
    live = LiveSite(make_site(**environment(RECONCILE_SECONDS=3_600)))
    client = await live.open(user)

    def insert() -> None:
        table = Notification._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (recipient_id, type, subject) VALUES (%s, %s, %s)", [user.pk, TYPE, "by SQL"]
            )

    await sync_to_async(insert)()
    heard = await client.hears("notification", seconds=3)
    assert (heard["subject"], heard["seq"], heard["unread_count"]) == ("by SQL", 1, 1)
    assert "replay" not in heard
    await live.close()


async def test_a_send_to_many_reaches_each_of_them_once(live: LiveSite, user, other):
    tabs = [await live.open(user), await live.open(user, protocol=1), await live.open(other)]
    await live.send(other)
    result = await live.send_to_many([user, other, user])
    assert (result["recipients"], result["created"]) == (2, 2)
    await live.send(user, "and then one")
    await tabs[0].hears("notification", 2)
    await tabs[1].hears("notification", 2)
    await tabs[2].hears("notification", 2)
    assert [tabs[0].copy.live_revs, tabs[2].copy.live_revs] == [[1, 2], [1, 2]]
    assert tabs[0].of("notification")[0]["subject"] == "To all"
    assert tabs[0].copy.shown == tabs[1].copy.shown
    assert tabs[2].copy.unread_count == 2


async def test_a_lost_hint_is_noticed_at_the_next_and_read_from_the_database(live: LiveSite, user, settings):
    settings.NOTIFICATIONS = {"CHANNEL_LAYER": "none"}  # what this process changes, it tells nobody
    client = await live.open(user)
    missed = [(await Notification.objects.acreate(recipient=user, type=TYPE, subject="missed")).pk for _ in range(3)]
    await sync_to_async(Notification.objects.filter(pk=missed[1]).delete)()
    sent = await live.send(user, "sent")
    await client.until(lambda: client.copy.rev == 5)  # the rows come before the end of their replay
    assert set(client.copy.rows) == {missed[0], missed[2], sent}
    assert client.copy.unread_count == 3
    assert [data["replay"] for data in client.of("notification")] == [True, True, True]


async def test_what_one_tab_does_every_other_tab_hears(live: LiveSite, user):
    ids = [await live.send(user) for _ in range(4)]
    tabs = [await live.open(user) for _ in range(3)]
    for tab in tabs:
        tab.copy.load([{**await the_list(live, user)}])
    await tabs[0].say("mark_read", notification_id=ids[0])
    await tabs[1].say("archive", notification_id=ids[1])
    await tabs[2].say("delete", notification_id=ids[2])
    await tabs[0].say("mark_seen", up_to_seq=4)
    for tab in tabs:
        # Several that commit together may share a revision.
        await tab.until(lambda tab=tab: (tab.copy.unread_count, tab.copy.seen_seq) == (1, 4))
        assert tab.copy.unread == {ids[3]}
        assert tab.copy.deleted == {ids[2]}
    assert (await Inbox.objects.aget(pk=user.pk)).unread_count == 1


async def the_list(live: LiveSite, user: Any) -> dict[str, Any]:
    answer = await live.http.get("/api/notifications", params={"user_id": user.pk, "per_page": 100})
    return answer.raise_for_status().json()
