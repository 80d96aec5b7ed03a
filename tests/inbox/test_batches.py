"""A send to many: who is meant, what the answer counts, and when each person has it."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction

from notifications import asend_notifications, send_notification, send_notifications
from notifications.exceptions import UnknownRecipient
from notifications.inbox.batches import batch_result
from notifications.inbox.services import cancel_batch
from notifications.models import Batch, BatchChunk, Inbox, Notification
from notifications.signals import inbox_changed

from .conftest import Heard
from .invariants import check, check_dense, settle

User = get_user_model()


@pytest.fixture
def crowd(transactional_db: None, settings: Any) -> list[Any]:
    """25 people, in chunks of 10."""
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 10}
    return User.objects.bulk_create([User(username=f"user{n}") for n in range(25)])


def send(recipients: Any, **content: Any) -> Any:
    return send_notifications(recipients, "stock_alert", "Sale", **content)


def all_have_it(crowd: list[Any], count: int = 1) -> bool:
    rows = Notification.objects.filter(seq__isnull=False).values_list("recipient_id", flat=True)
    check()
    return sorted(rows) == sorted([user.pk for user in crowd] * count)


def keys(crowd: list[Any]) -> list[Any]:
    return [user.pk for user in crowd]


WAYS = {
    "users": lambda crowd: crowd,
    "keys": keys,
    "texts": lambda crowd: [str(key) for key in keys(crowd)],
    "mixed": lambda crowd: [crowd[0], *map(str, keys(crowd)[1:9]), *keys(crowd)[9:]],
    "tuple": lambda crowd: tuple(crowd),
    "set": lambda crowd: set(keys(crowd)),
    "generator": lambda crowd: (user for user in crowd),
    "queryset": lambda crowd: User.objects.order_by("-pk"),
    "sliced queryset": lambda crowd: User.objects.order_by("pk")[:100],
    "queryset of keys": lambda crowd: User.objects.values_list("pk", flat=True),
    "joined queryset": lambda crowd: User.objects.filter(username__startswith="user").distinct(),
}


@pytest.mark.parametrize("way", WAYS)
def test_people_may_be_named_in_any_of_these_ways(crowd: list[Any], way: str) -> None:
    result = send(WAYS[way](crowd))
    batch = Batch.objects.get()
    assert result == {"batch_id": batch.pk, "recipients": 25, "created": 25, "skipped": 0, "pending": 0}
    assert batch.finished_at is not None
    assert [chunk.size for chunk in batch.chunks.order_by("pk")] == [10, 10, 5]
    assert all_have_it(crowd)


def test_each_has_the_same_content_and_numbers_of_their_own(crowd: list[Any], heard: Heard) -> None:
    send_notification(crowd[3], "stock_alert", "before")
    content = {"message": "m", "priority": "high", "data": {"a": [1]}, "url": "/sale/", "channels": ["in_app"]}
    send(crowd, **content)
    row = Notification.objects.get(recipient=crowd[3], subject="Sale")
    assert (row.message, row.priority, row.data, row.url, row.silent) == ("m", "high", {"a": [1]}, "/sale/", True)
    assert (row.seq, row.rev, row.pending, row.counted) == (2, 2, False, True)
    bulk = heard.bulk()
    assert [len(change.recipients) for change in bulk] == [10, 10, 5]
    told = {person.user_id: person for change in bulk for person in change.recipients}
    assert (told[crowd[3].pk].rev, told[crowd[3].pk].unread_count, told[crowd[3].pk].notification_id) == (2, 2, row.pk)
    assert told[crowd[3].pk].epoch == str(Inbox.objects.get(pk=crowd[3].pk).epoch)
    assert (told[crowd[4].pk].rev, told[crowd[4].pk].unread_count) == (1, 1)
    assert {change.row["subject"] for change in bulk} == {"Sale"}
    assert (bulk[0].row["data"], bulk[0].row["silent"], bulk[0].row["read_at"]) == ({"a": [1]}, True, None)


def test_a_person_named_twice_gets_it_once(crowd: list[Any]) -> None:
    result = send([*crowd, *crowd, str(crowd[0].pk), crowd[0].pk])
    assert (result["recipients"], result["created"]) == (25, 25)
    assert all_have_it(crowd)


def test_people_who_do_not_exist_are_skipped_and_counted(crowd: list[Any]) -> None:
    result = send([*crowd, 999_998, "999999"])
    assert (result["recipients"], result["created"], result["skipped"], result["pending"]) == (27, 25, 2, 0)
    assert all_have_it(crowd)


@pytest.mark.parametrize("bad", ["ana", None, 1.5, True, uuid.UUID(int=2**100), 2**70, object()])
def test_one_malformed_key_and_nobody_gets_anything(crowd: list[Any], bad: Any) -> None:
    with pytest.raises(UnknownRecipient, match=r"is not a key of auth\.User"):
        send([*crowd, bad])
    settle()
    assert (Batch.objects.count(), BatchChunk.objects.count(), Notification.objects.count()) == (0, 0, 0)


def test_a_generator_that_fails_half_way_sends_nothing(crowd: list[Any]) -> None:
    def people() -> Any:
        yield from crowd[:15]
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        send(people())
    settle()
    assert (Batch.objects.count(), Notification.objects.count()) == (0, 0)


@pytest.mark.parametrize("nobody", [[], (), iter(()), "none"])
def test_a_send_to_nobody(crowd: list[Any], nobody: Any) -> None:
    result = send(User.objects.none() if nobody == "none" else nobody)
    assert (result["recipients"], result["created"], result["skipped"], result["pending"]) == (0, 0, 0, 0)
    assert Batch.objects.get().finished_at is not None


def test_in_a_transaction_all_wait_for_its_commit(crowd: list[Any], heard: Heard) -> None:
    with transaction.atomic():
        result = send(crowd)
        assert (result["created"], result["skipped"], result["pending"]) == (0, 0, 25)
        assert not Notification.objects.exists()
        assert heard == []
    assert batch_result(Batch.objects.get(), using="default") == {**result, "created": 25, "pending": 0}
    assert all_have_it(crowd)


def test_rolled_back_nobody_gets_anything(crowd: list[Any], heard: Heard) -> None:
    with transaction.atomic():
        send(crowd)
        transaction.set_rollback(True)
    settle()
    assert (Batch.objects.count(), Notification.objects.count(), heard) == (0, 0, [])


def test_a_savepoint_rolled_back_takes_only_its_own(crowd: list[Any]) -> None:
    with transaction.atomic():
        with transaction.atomic():
            send(crowd)
            transaction.set_rollback(True)
        send(crowd)
    assert all_have_it(crowd)


def test_several_in_one_transaction_with_single_sends_between(crowd: list[Any]) -> None:
    with transaction.atomic():
        send(crowd)
        send_notification(crowd[0], "stock_alert", "single")
        send(crowd)
    assert Notification.objects.count() == 51
    check_dense(crowd[0], 3)
    check_dense(crowd[1], 2)
    check()


def test_without_autocommit_the_sweeper_sends(crowd: list[Any]) -> None:
    transaction.set_autocommit(False)
    try:
        assert send(crowd)["pending"] == 25
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    settle()
    assert all_have_it(crowd)
    assert Batch.objects.get().finished_at is not None


async def test_the_async_twin(crowd: list[Any]) -> None:
    result = await asend_notifications(crowd, "stock_alert", "Sale")
    assert (result["created"], await Notification.objects.acount()) == (25, 25)


# -- cancelling ----------------------------------------------------------------------------------------------


def test_cancelled_before_the_commit_nobody_gets_it(crowd: list[Any]) -> None:
    with transaction.atomic():
        batch_id = send(crowd)["batch_id"]
        assert cancel_batch(batch_id) == 3
    settle()
    assert not Notification.objects.exists()
    batch = Batch.objects.get()
    assert batch.cancelled_at is not None
    assert batch_result(batch, using="default")["skipped"] == 25


def test_cancelled_in_the_middle_who_has_it_keeps_it(crowd: list[Any], heard: Heard) -> None:
    send(crowd)
    last = BatchChunk.objects.latest("pk")
    BatchChunk.objects.filter(pk=last.pk).update(expanded_at=None, created=0)
    Notification.objects.filter(recipient_id__in=last.user_ids)._raw_delete("default")
    Inbox.objects.filter(pk__in=last.user_ids).delete()
    Batch.objects.update(finished_at=None)
    assert cancel_batch(Batch.objects.get().pk) == 1
    settle()
    assert all_have_it(crowd[:20])


def test_cancelled_when_done_it_is_still_done(crowd: list[Any]) -> None:
    batch_id = send(crowd)["batch_id"]
    assert (cancel_batch(batch_id), cancel_batch(999_999)) == (0, 0)
    assert Batch.objects.get().cancelled_at is None
    assert all_have_it(crowd)


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.skipif(
    "__import__('django.db').db.connection.vendor == 'sqlite'", reason="SQLite has one writer, so nobody helps"
)
def test_a_second_thread_helps_and_leaves_no_connection_behind(crowd: list[Any], settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 1}
    threads: set[str] = set()
    both = threading.Barrier(2)

    def note(**_: Any) -> None:
        if threading.current_thread().name not in threads:
            threads.add(threading.current_thread().name)
            both.wait(10)  # nobody goes on before the other has had a chunk

    inbox_changed.connect(note)
    try:
        assert send(crowd)["created"] == len(crowd)
    finally:
        inbox_changed.disconnect(note)
    assert "notifications-expansion" in threads
    assert len(threads) == 2
    assert not any(thread.name == "notifications-expansion" for thread in threading.enumerate())
