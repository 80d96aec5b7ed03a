"""Which revision a change gets, and what the one frame of that revision can say."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from notifications import send_notification
from notifications.inbox import sequencer
from notifications.inbox.services import archive, delete, delete_all, mark_all_read, mark_read, mark_unread, unarchive
from notifications.models import Inbox, Notification

from .conftest import Heard
from .invariants import check, check_dense, settle


def send(user: Any, count: int = 1) -> list[int]:
    """One transaction, so that all are numbered together."""
    with transaction.atomic():
        return [send_notification(user, "stock_alert", f"n{n}")["notification_id"] for n in range(count)]


def inbox(user: Any) -> tuple[int, int]:
    return Inbox.objects.values_list("last_rev", "unread_count").get(pk=user.pk)


def test_each_person_has_numbers_of_their_own(ana: Any, ben: Any) -> None:
    for user in (ana, ben, ana, ana, ben):
        send(user)
    check_dense(ana, 3)
    check_dense(ben, 2)
    assert (inbox(ana), inbox(ben)) == ((3, 3), (2, 2))


def test_new_rows_are_numbered_by_their_ids_with_a_revision_each(ana: Any, heard: Heard) -> None:
    ids = send(ana, 4)
    assert heard.told(ana) == [("created", n, n, [ids[n - 1]]) for n in (1, 2, 3, 4)]
    assert len(heard) == 1  # consecutive revisions, one announcement
    check_dense(ana, 4)


def test_the_place_of_a_row_never_changes_and_its_revision_does(ana: Any) -> None:
    (pk,) = send(ana)
    send(ana)
    mark_read(ana, [pk])
    assert Notification.objects.values_list("seq", "rev").get(pk=pk) == (1, 3)
    check(ana)


def test_one_operation_on_many_rows_shares_one_revision(ana: Any, heard: Heard) -> None:
    ids = send(ana, 5)
    heard.clear()
    mark_read(ana, ids[1:4])
    assert heard.told(ana) == [("read", 6, 2, ids[1:4])]
    assert set(Notification.objects.filter(pk__in=ids[1:4]).values_list("rev", flat=True)) == {6}
    check(ana)


def test_every_kind_and_the_count_right_after_it(ana: Any, heard: Heard) -> None:
    a, b, c = send(ana, 3)
    heard.clear()
    mark_read(ana, [a])
    mark_unread(ana, [a])
    archive(ana, [b])
    unarchive(ana, [b])
    Notification.objects.filter(pk=c).update(subject="edited")
    delete(ana, [c])
    delete_all(ana)
    assert heard.told(ana) == [
        ("read", 4, 2, [a]),
        ("read", 5, 3, [a]),
        ("updated", 6, 2, [b]),
        ("updated", 7, 2, [b]),
        ("updated", 8, 2, [c]),
        ("deleted", 9, 1, [c]),
        ("deleted", 10, 0, [a, b]),
    ]
    assert [step.rows[0]["counted"] for step in heard.steps(ana)[:2]] == [False, True]
    check(ana)


def test_what_fits_no_single_frame_says_so(ana: Any, heard: Heard) -> None:
    a, b, c = send(ana, 3)
    archive(ana, [c])
    heard.clear()
    archive(ana, [a, b])
    with transaction.atomic():
        mark_unread(ana, [a])
        delete(ana, [b])
    with transaction.atomic():
        mark_read(ana, [a])
        archive(ana, [c])
        unarchive(ana, [c])
    assert [told[0] for told in heard.told(ana)] == ["many", "many", "many"]
    check(ana)


def test_read_and_unread_of_different_rows_in_one_transaction_fit_no_frame(ana: Any, heard: Heard) -> None:
    a, b = send(ana, 2)
    mark_read(ana, [a])
    heard.clear()
    with transaction.atomic():
        mark_unread(ana, [a])
        mark_read(ana, [b])
    assert heard.told(ana) == [("many", 4, 1, [a, b])]


def test_an_archived_row_marked_unread_is_not_announced_as_read(ana: Any, heard: Heard) -> None:
    a, b = send(ana, 2)
    archive(ana, [a, b])
    heard.clear()
    mark_unread(ana, [a])
    mark_unread(ana, [a, b])
    mark_read(ana, [a, b])
    assert [told[0] for told in heard.told(ana)] == ["updated", "updated", "read"]
    assert heard.steps(ana)[0].rows[0]["read_at"] is None
    check(ana)


def test_new_and_changed_rows_of_one_transaction(ana: Any, heard: Heard) -> None:
    (old,) = send(ana)
    heard.clear()
    with transaction.atomic():
        mark_read(ana, [old])
        (new,) = send(ana)
    assert heard.told(ana) == [("created", 2, 2, [new]), ("read", 3, 1, [old])]
    check(ana)


def test_a_row_deleted_before_it_was_numbered_takes_a_number_and_says_deleted(ana: Any, heard: Heard) -> None:
    with transaction.atomic():
        (pk,) = send(ana)
        Notification.objects.get(pk=pk).delete()
        (other,) = send(ana)
    assert heard.told(ana) == [("deleted", 1, 0, [pk]), ("created", 2, 1, [other])]
    check(ana)


def test_a_row_that_is_inserted_read_is_never_counted(ana: Any, heard: Heard) -> None:
    Notification.objects.create(recipient=ana, type="stock_alert", subject="x", read_at=timezone.now())
    assert [told[:3] for told in heard.told(ana)] == [("created", 1, 0)]
    check(ana)


# -- more rows than ids may stand in a frame -----------------------------------------------------------------


@pytest.fixture
def few_ids(settings: Any) -> None:
    settings.NOTIFICATIONS = {"MAX_IDS": 3}


@pytest.mark.usefixtures("few_ids")
def test_up_to_the_limit_the_ids_are_named(ana: Any, heard: Heard) -> None:
    ids = send(ana, 3)
    heard.clear()
    mark_all_read(ana)
    assert heard.told(ana) == [("read", 4, 0, ids)]
    assert heard.steps(ana)[0].up_to_seq is None


@pytest.mark.usefixtures("few_ids")
def test_above_the_limit_all_up_to_a_place_is_named_where_that_is_true(ana: Any, heard: Heard) -> None:
    send(ana, 4)
    heard.clear()
    mark_all_read(ana)
    send(ana)
    delete_all(ana)
    kinds = [(str(step.kind), step.up_to_seq) for step in heard.steps(ana)]
    assert kinds == [("read", 4), ("created", None), ("deleted", 6)]
    check(ana)


@pytest.mark.usefixtures("few_ids")
def test_deleting_all_but_one_is_not_announced_as_all(ana: Any, heard: Heard) -> None:
    ids = send(ana, 6)
    heard.clear()
    with transaction.atomic():
        delete(ana, ids[1:3])
        delete(ana, ids[3:])
    assert [(str(step.kind), step.up_to_seq, step.unread_count) for step in heard.steps(ana)] == [("many", None, 1)]


@pytest.mark.usefixtures("few_ids")
@pytest.mark.parametrize("exception", ["unread", "archived unread"])
def test_reading_all_but_one_is_not_announced_as_all(ana: Any, heard: Heard, exception: str) -> None:
    ids = send(ana, 6)
    if exception == "archived unread":
        archive(ana, ids[:1])
        mark_unread(ana, ids[:1])
    heard.clear()
    with transaction.atomic():
        mark_read(ana, ids[1:3])
        mark_read(ana, ids[3:])
    assert [(str(step.kind), step.up_to_seq) for step in heard.steps(ana)] == [("many", None)]
    check(ana)


@pytest.mark.usefixtures("few_ids")
def test_marking_more_unread_than_fit_has_no_short_form(ana: Any, heard: Heard) -> None:
    ids = send(ana, 4)
    mark_all_read(ana)
    heard.clear()
    with transaction.atomic():
        mark_unread(ana, ids[:2])
        mark_unread(ana, ids[2:])
    assert [(str(step.kind), step.up_to_seq, step.unread_count) for step in heard.steps(ana)] == [("many", None, 4)]


@pytest.mark.usefixtures("few_ids")
@pytest.mark.parametrize("action", [mark_all_read, delete_all])
def test_what_waits_for_a_number_of_its_own_is_not_announced_with_the_others(
    ana: Any, heard: Heard, action: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when somebody held a row while the pending ones were read, and changed it before the frame was made."""
    ids = send(ana, 5)
    heard.clear()
    read = sequencer._pending
    with monkeypatch.context() as one_is_skipped:
        one_is_skipped.setattr(
            sequencer, "_pending", lambda *args, **kw: [row for row in read(*args, **kw) if row["id"] != ids[1]]
        )
        action(ana)
    settle()
    told = [(str(step.kind), step.up_to_seq, step.unread_count) for step in heard.steps(ana)]
    assert told == [("many", None, 1), ("read" if action is mark_all_read else "deleted", None, 0)]
    check(ana)
