"""Where inboxes stand and what changed since: one statement, whole revisions, many people at once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction

from notifications import send_notification, send_notifications
from notifications.inbox.changes import (
    Changes,
    InboxState,
    changes_since,
    inbox_states,
    resync_reason,
    start_new_epoch,
    went_back,
)
from notifications.inbox.services import archive, delete, mark_all_read, mark_read, mark_seen
from notifications.models import Inbox, Notification


def send(user: Any, count: int = 1) -> list[int]:
    with transaction.atomic():
        return [send_notification(user, "stock_alert", f"n{n}")["notification_id"] for n in range(count)]


def since(user: Any, rev: int, **options: Any) -> Changes:
    return changes_since({user.pk: rev}, using="default", **options)[user.pk]


def revs(changes: Changes) -> list[int]:
    return [row["rev"] for row in changes.rows]


# -- states ------------------------------------------------------------------------------------------------------


def test_the_state_of_an_inbox(ana: Any) -> None:
    send(ana, 3)
    mark_seen(ana, 2)
    inbox = Inbox.objects.get()
    assert inbox_states([ana.pk], using="default") == {
        ana.pk: InboxState(ana.pk, rev=4, horizon_rev=0, seen_seq=2, unread_count=3, epoch=str(inbox.epoch))
    }


def test_an_inbox_is_made_when_first_asked_for_and_none_for_nobody(ana: Any) -> None:
    states = inbox_states([ana.pk, 999_999], using="default")
    assert list(states) == [ana.pk]
    assert (states[ana.pk].rev, states[ana.pk].unread_count) == (0, 0)
    assert inbox_states([ana.pk], using="default") == states
    assert inbox_states([], using="default") == {}


def test_in_an_open_transaction_no_inbox_is_made_and_the_answer_is_of_no_epoch(ana: Any) -> None:
    with transaction.atomic():
        states = inbox_states([ana.pk, 999_999], using="default")
        assert not Inbox.objects.exists()
    assert list(states) == [ana.pk]
    assert (states[ana.pk].rev, states[ana.pk].unread_count) == (0, 0)
    state = inbox_states([ana.pk], using="default")[ana.pk]
    assert resync_reason(state, states[ana.pk].rev, states[ana.pk].epoch) == "epoch"


def test_the_states_of_many_are_one_query(django_assert_num_queries: Any, transactional_db: None) -> None:
    users = get_user_model().objects.bulk_create([get_user_model()(username=f"user{n}") for n in range(300)])
    send_notifications(users, "stock_alert", "x")
    with django_assert_num_queries(1):
        states = inbox_states([user.pk for user in users], using="default")
    assert {(state.rev, state.unread_count) for state in states.values()} == {(1, 1)}
    assert len(states) == 300


# -- changes -----------------------------------------------------------------------------------------------------


def test_nothing_new_is_the_state_alone(ana: Any) -> None:
    send(ana, 2)
    changes = since(ana, 2)
    assert (changes.rows, changes.complete, changes.state.rev) == ([], True, 2)
    assert since(ana, 99).rows == []


def test_whole_rows_by_revision_with_tombstones(ana: Any) -> None:
    a, b, c = send(ana, 3)
    mark_read(ana, [a])
    delete(ana, [b])
    changes = since(ana, 0)
    assert [(row["id"], row["seq"], row["rev"]) for row in changes.rows] == [(c, 3, 3), (a, 1, 4), (b, 2, 5)]
    assert changes.rows[0]["subject"] == "n2"
    assert changes.rows[1]["read_at"] is not None
    assert changes.rows[2]["deleted_at"] is not None
    assert (changes.state.rev, changes.state.unread_count, changes.complete) == (5, 1, True)
    assert revs(since(ana, 4)) == [5]


def test_rows_of_one_revision_come_by_id(ana: Any) -> None:
    ids = send(ana, 5)
    mark_all_read(ana)
    assert [row["id"] for row in since(ana, 5).rows] == ids


def test_rows_without_a_number_are_not_there(ana: Any) -> None:
    send(ana)
    with transaction.atomic():
        send(ana)
        assert revs(since(ana, 0)) == [1]


def test_nobody_sees_rows_of_others(ana: Any, ben: Any) -> None:
    send(ben, 3)
    send(ana)
    assert [row["recipient_id"] for row in since(ana, 0).rows] == [ana.pk]


def test_a_person_without_an_inbox_is_not_in_the_answer(ana: Any) -> None:
    assert changes_since({ana.pk: 0, 999_999: 0}, using="default") == {}
    assert changes_since({}, using="default") == {}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_a_page_ends_between_revisions(ana: Any, limit: int) -> None:
    ids = send(ana, 6)
    archive(ana, ids[1:3])  # revision 7, two rows
    expected = [1, 4, 5, 6, 7, 7]
    changes = since(ana, 0, limit=limit)
    assert revs(changes) == (expected if limit > 5 else expected[: min(limit, 4)])
    assert changes.complete is (limit > 5)


def test_pages_lead_to_the_end_without_a_gap(ana: Any) -> None:
    ids = send(ana, 20)
    for start in range(0, 20, 4):
        mark_read(ana, ids[start : start + 3])
    cursor, seen, pages = 0, [], 0
    while True:
        changes = since(ana, cursor, limit=4)
        seen += [row["id"] for row in changes.rows]
        pages += 1
        if changes.complete:
            break
        cursor = changes.rows[-1]["rev"]
    assert sorted(seen) == ids
    assert pages == 6


def test_a_revision_larger_than_the_limit_gives_no_part_of_itself(ana: Any) -> None:
    send(ana, 5)
    mark_all_read(ana)
    changes = since(ana, 5, limit=4)
    assert (changes.rows, changes.complete, changes.state.rev) == ([], False, 6)
    assert since(ana, 5, limit=5).complete is True


def test_exactly_the_limit_is_complete(ana: Any) -> None:
    send(ana, 3)
    assert (revs(since(ana, 0, limit=3)), since(ana, 0, limit=3).complete) == ([1, 2, 3], True)


# -- many people -------------------------------------------------------------------------------------------------


def test_each_has_a_cursor_of_their_own(ana: Any, ben: Any) -> None:
    cleo = get_user_model().objects.create_user("cleo")
    for user, count in ((ana, 3), (ben, 2), (cleo, 1)):
        send(user, count)
    found = changes_since({ben.pk: 0, ana.pk: 2, cleo.pk: 1}, using="default")
    assert {key: revs(changes) for key, changes in found.items()} == {ana.pk: [3], ben.pk: [1, 2], cleo.pk: []}
    assert all(changes.complete for changes in found.values())


def test_a_hundred_people_are_one_query(django_assert_num_queries: Any, transactional_db: None) -> None:
    users = get_user_model().objects.bulk_create([get_user_model()(username=f"user{n}") for n in range(250)])
    for _ in range(3):
        send_notifications(users, "stock_alert", "x")
    cursors = {user.pk: n % 4 for n, user in enumerate(users)}
    with django_assert_num_queries(3):
        found = changes_since(cursors, using="default")
    assert {key: revs(changes) for key, changes in found.items()} == {
        key: list(range(cursor + 1, 4)) for key, cursor in cursors.items()
    }


@pytest.mark.parametrize(("limit", "statements"), [(2, 3), (3, 3), (4, 3), (6, 2), (7, 2), (9, 1)])
def test_who_does_not_fit_is_in_the_next_statement(
    ana: Any, ben: Any, limit: int, statements: int, django_assert_num_queries: Any
) -> None:
    cleo = get_user_model().objects.create_user("cleo")
    for user in (ana, ben, cleo):
        send(user, 3)
    with django_assert_num_queries(statements):
        found = changes_since({ana.pk: 0, ben.pk: 0, cleo.pk: 0}, limit=limit, using="default")
    expected = ([1, 2], False) if limit == 2 else ([1, 2, 3], True)
    assert {key: (revs(changes), changes.complete) for key, changes in found.items()} == dict.fromkeys(
        [ana.pk, ben.pk, cleo.pk], expected
    )


# -- can a client go on? -------------------------------------------------------------------------------------------

EPOCH = str(uuid.uuid4())
STATE = InboxState(7, rev=10, horizon_rev=4, seen_seq=0, unread_count=0, epoch=EPOCH)


@pytest.mark.parametrize(
    ("rev", "epoch", "reason"),
    [
        (10, EPOCH, None),
        (4, EPOCH, None),
        (3, EPOCH, "horizon"),
        (0, EPOCH, "horizon"),
        (11, EPOCH, "epoch"),
        (10, "another", "epoch"),
        (3, "another", "epoch"),
        (10, "", "epoch"),
    ],
)
def test_why_a_client_cannot_go_on(rev: int, epoch: str, reason: str | None) -> None:
    assert resync_reason(STATE, rev, epoch) == reason


def test_a_database_that_went_back_starts_a_new_epoch(ana: Any, ben: Any) -> None:
    send(ana, 3)
    send(ben)
    told = inbox_states([ana.pk, ben.pk], using="default")
    Notification.objects.filter(seq=3)._raw_delete("default")  # restored from before the third
    Inbox.objects.filter(pk=ana.pk).update(last_rev=2, unread_count=2)
    state = since(ana, 3).state
    assert went_back(state, 3, told[ana.pk].epoch)
    assert not went_back(state, 2, state.epoch)
    assert not went_back(state, 3, "another")
    started = start_new_epoch(ana.pk, using="default")
    assert started is not None
    assert started.epoch != told[ana.pk].epoch
    assert inbox_states([ben.pk], using="default")[ben.pk] == told[ben.pk]


def test_nobody_starts_a_new_epoch(transactional_db: None) -> None:
    assert start_new_epoch(999_999, using="default") is None
