"""What a person does with their notifications: exact, idempotent, and only ever with their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from notifications import send_notification
from notifications.exceptions import NotificationError, TooManyIds, UnknownRecipient
from notifications.inbox import services
from notifications.inbox.services import (
    Change,
    archive,
    delete,
    delete_all,
    mark_all_read,
    mark_read,
    mark_seen,
    mark_unread,
    unarchive,
)
from notifications.models import Inbox, Notification

from .conftest import Heard
from .invariants import check, settle

BY_IDS = (mark_read, mark_unread, archive, unarchive, delete)
Action = Callable[..., Change]


@pytest.fixture
def ids(ana: Any) -> list[int]:
    """Four of Ana's: unread, read, archived, and one with nothing special."""
    ids = [send_notification(ana, "stock_alert", f"n{n}", "text")["notification_id"] for n in range(4)]
    mark_read(ana, ids[1:2])
    archive(ana, ids[2:3])
    return ids


def inbox(user: Any) -> Inbox:
    return Inbox.objects.get(pk=user.pk)


def facts(pk: int) -> tuple[bool, bool, bool]:
    row = Notification.objects.get(pk=pk)
    return row.read_at is not None, row.archived_at is not None, row.deleted_at is not None


@pytest.mark.parametrize(
    ("action", "changed", "unread", "becomes"),
    [
        (mark_read, 2, 0, (True, None, False)),
        (mark_unread, 2, 3, (False, None, False)),
        (archive, 3, 0, (True, True, False)),
        (unarchive, 1, 2, (None, False, False)),
        (delete, 4, 0, (None, None, True)),
    ],
)
def test_each_changes_what_was_not_so_and_nothing_the_second_time(
    ana: Any, ids: list[int], heard: Heard, action: Action, changed: int, unread: int, becomes: Any
) -> None:
    before = inbox(ana).last_rev
    assert action(ana, ids) == Change(ids, changed)
    for pk in ids:
        assert all(wanted in (None, is_so) for wanted, is_so in zip(becomes, facts(pk), strict=True))
    assert (inbox(ana).last_rev, inbox(ana).unread_count) == (before + 1, unread)
    told = len(heard.told(ana))
    assert action(ana, ids) == Change([] if action is delete else ids, 0)
    assert (inbox(ana).last_rev, len(heard.told(ana))) == (before + 1, told)
    check(ana)


def test_the_moment_of_the_first_reading_is_kept(ana: Any, ids: list[int]) -> None:
    before = Notification.objects.get(pk=ids[1]).read_at
    mark_read(ana, ids)
    archive(ana, ids)
    assert Notification.objects.get(pk=ids[1]).read_at == before


def test_archiving_reads_and_bringing_back_leaves_it_read(ana: Any, ids: list[int]) -> None:
    archive(ana, ids[:1])
    assert facts(ids[0]) == (True, True, False)
    unarchive(ana, ids[:1])
    assert facts(ids[0]) == (True, False, False)
    check(ana)


def test_nothing_of_what_was_deleted_is_left(ana: Any, ben: Any) -> None:
    content = {"data": {"secret": 1}, "url": "/secret/", "actor": ben, "target": ana, "expires_at": timezone.now()}
    pk = send_notification(ana, "stock_alert", "secret", "secret", **content)["notification_id"]
    delete(ana, [pk])
    row = Notification.objects.get(pk=pk)
    left = (row.subject, row.message, row.url, row.data, row.actor_text, row.target_text, row.actor_id, row.expires_at)
    assert left == ("", "", "", {}, "", "", "", None)
    assert (row.actor, row.target, row.type) == (None, None, "stock_alert")


@pytest.mark.parametrize("action", BY_IDS)
def test_others_and_unknown_ids_are_ignored_without_a_trace(
    ana: Any, ben: Any, ids: list[int], heard: Heard, action: Action
) -> None:
    before = list(Notification.objects.order_by("pk").values())
    heard.clear()
    assert action(ben, [*ids, 999_999, 0, -1, 2**63, 2**80]) == Change([], 0)
    assert list(Notification.objects.order_by("pk").values()) == before
    assert heard == []


@pytest.mark.parametrize("action", BY_IDS)
def test_at_most_500_ids(ana: Any, ids: list[int], action: Action) -> None:
    action(ana, list(range(1, 501)))
    with pytest.raises(TooManyIds, match="501 ids at once, and 500 is the most") as caught:
        action(ana, list(range(1, 502)))
    assert caught.value.code == "too_many_ids"


@pytest.mark.parametrize("action", BY_IDS)
@pytest.mark.parametrize("bad", ["12", b"12", 5, None, ["x"], [None], [1.5], [True], [[1]], ["1" * 5_000], ["²"]])
def test_ids_that_are_none(action: Action, bad: Any) -> None:
    with pytest.raises(NotificationError, match="must be a"):
        action(1, bad)


def test_ids_may_be_texts_repeated_or_a_queryset(ana: Any, ids: list[int]) -> None:
    assert mark_read(ana, [str(ids[0]), ids[0]]) == Change(ids[:1], 1)
    assert mark_unread(ana, Notification.objects.values_list("pk", flat=True)).changed == 3
    assert mark_read(ana, []) == Change([], 0)
    check(ana)


@pytest.mark.parametrize("user", ["ana", None, True, 2**70])
def test_a_malformed_user(transactional_db: None, user: Any) -> None:
    for act in (lambda: mark_read(user, [1]), lambda: delete_all(user), lambda: mark_seen(user, 1)):
        with pytest.raises(UnknownRecipient):
            act()


def test_rows_without_a_number_are_out_of_reach(ana: Any) -> None:
    with transaction.atomic():
        pk = send_notification(ana, "stock_alert", "x")["notification_id"]
        assert mark_read(ana, [pk]) == Change([], 0)
        assert delete_all(ana) == Change([], 0)
    check(ana)


# -- everything ------------------------------------------------------------------------------------------------


def test_mark_all_read_takes_also_what_is_archived(ana: Any, ids: list[int]) -> None:
    mark_unread(ana, ids)
    assert mark_all_read(ana) == Change(ids, 4)
    assert mark_all_read(ana) == Change([], 0)
    assert inbox(ana).unread_count == 0
    check(ana)


@pytest.mark.parametrize(("up_to", "changed"), [(0, 0), (1, 1), (3, 1), (4, 2), (2**63, 2), (2**90, 2)])
def test_mark_all_read_up_to_a_place(ana: Any, ids: list[int], up_to: int, changed: int) -> None:
    assert mark_all_read(ana, up_to).changed == changed
    assert inbox(ana).unread_count == 2 - changed
    check(ana)


@pytest.mark.parametrize("bad", [-1, 1.0, "1", True])
def test_a_place_that_is_none(ana: Any, bad: Any) -> None:
    with pytest.raises(NotificationError, match="must be a whole number"):
        mark_all_read(ana, bad)


def test_delete_all_takes_everything_of_one_person(ana: Any, ben: Any, ids: list[int]) -> None:
    send_notification(ben, "stock_alert", "x")
    assert delete_all(ana) == Change(ids, 4)
    assert delete_all(ana) == Change([], 0)
    assert (inbox(ana).unread_count, inbox(ben).unread_count) == (0, 1)
    check()


def test_more_rows_than_one_statement_takes(ana: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("notifications.inbox.actions.ROWS_PER_UPDATE", 7)
    monkeypatch.setattr("notifications.inbox.sequencer.ROWS_PER_TRANSACTION", 11)
    Notification.objects.bulk_create([Notification(recipient=ana, type="stock_alert", subject="x") for _ in range(30)])
    assert inbox(ana).unread_count == 30
    assert mark_all_read(ana).changed == 30
    assert inbox(ana).unread_count == 0
    assert delete_all(ana).changed == 30
    check(ana)


# -- transactions and twins --------------------------------------------------------------------------------------


def test_a_roll_back_leaves_nothing(ana: Any, ids: list[int], heard: Heard) -> None:
    before = (list(Notification.objects.order_by("pk").values()), list(Inbox.objects.values()))
    heard.clear()
    with transaction.atomic():
        for action in BY_IDS:
            action(ana, ids)
        mark_all_read(ana)
        mark_seen(ana, 3)
        delete_all(ana)
        transaction.set_rollback(True)
    settle()
    assert (list(Notification.objects.order_by("pk").values()), list(Inbox.objects.values())) == before
    assert heard == []


async def test_the_async_twins(ana: Any, ids: list[int]) -> None:
    assert (await services.amark_read(ana, ids)).changed == 2
    assert (await services.amark_unread(ana, ids)).changed == 4
    assert (await services.aarchive(ana, ids)).changed == 3
    assert (await services.aunarchive(ana, ids)).changed == 4
    assert (await services.amark_all_read(ana, 1)).changed == 0
    await services.amark_seen(ana, 2)
    assert (await services.adelete(ana, ids[:1])).changed == 1
    assert (await services.adelete_all(ana)).changed == 3
    state = await Inbox.objects.aget()
    assert (state.unread_count, state.seen_seq) == (0, 2)
