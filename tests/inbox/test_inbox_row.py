"""The inbox row itself: made when needed, made anew when lost, gone with its user, and held by somebody."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from notifications import send_notification, send_notifications
from notifications.inbox.changes import inbox_states
from notifications.inbox.inboxes import ensure_inboxes
from notifications.inbox.services import delete, mark_read, mark_seen
from notifications.models import Batch, Inbox, Notification

from .conftest import Heard
from .invariants import check, check_dense, settle
from .workers import at_once, elsewhere, needs_row_locks, until_waiting


def send(user: Any) -> int:
    return send_notification(user, "stock_alert", "x")["notification_id"]


def test_made_by_eight_first_sends_at_once(ana: Any) -> None:
    at_once(lambda _: send(ana))
    check_dense(ana, 8)


def test_keys_without_a_user_get_none(ana: Any) -> None:
    ensure_inboxes([ana.pk, 999_999], using="default")
    assert list(Inbox.objects.values_list("pk", flat=True)) == [ana.pk]


def test_deleted_and_made_anew_it_stands_above_all_that_was_given(ana: Any) -> None:
    ids = [send(ana) for _ in range(3)]
    mark_read(ana, ids[:1])
    before = Inbox.objects.get(pk=ana.pk)
    before.delete()
    send(ana)
    after = Inbox.objects.get(pk=ana.pk)
    assert (after.last_rev, after.unread_count) == (5, 3)
    assert after.epoch != before.epoch
    check(ana)


@pytest.mark.parametrize("first_to_look", ["a send to many", "a page", "seen", "the sweeper"])
def test_whoever_needs_it_first_makes_it_anew(ana: Any, first_to_look: str) -> None:
    for _ in range(2):
        send(ana)
    Inbox.objects.all().delete()
    if first_to_look == "a send to many":
        send_notifications([ana], "stock_alert", "x")
    elif first_to_look == "a page":
        assert inbox_states([ana.pk], using="default")[ana.pk].unread_count == 2
    elif first_to_look == "seen":
        mark_seen(ana, 2)
    else:
        Notification.objects.filter(seq=1)._raw_delete("default")
        connection.cursor().execute("UPDATE ntf_notification SET pending = true, subject = 'y'")
        settle()
    check(ana)
    assert Inbox.objects.get(pk=ana.pk).last_rev >= 2


def test_it_goes_with_its_user(ana: Any, ben: Any) -> None:
    send(ana)
    delete(ana, [send(ana)])
    send_notifications([ana, ben], "stock_alert", "x", actor=ana)
    ana.delete()
    assert set(Notification.objects.values_list("recipient_id", flat=True)) == {ben.pk}
    assert list(Inbox.objects.values_list("pk", flat=True)) == [ben.pk]
    assert Batch.objects.get().actor_text == "ana"
    check()


def test_users_deleted_as_a_queryset(ana: Any, ben: Any) -> None:
    send_notifications([ana, ben], "stock_alert", "x")
    get_user_model().objects.all().delete()
    assert (Notification.objects.count(), Inbox.objects.count()) == (0, 0)


def test_a_user_deleted_before_their_row_was_numbered(ana: Any, ben: Any, heard: Heard) -> None:
    with transaction.atomic():
        send(ana)
        send(ben)
        transaction.on_commit(ana.delete)
    settle()
    check_dense(ben, 1)
    assert not Notification.objects.filter(recipient_id=ana.pk).exists()


# -- held by another connection -------------------------------------------------------------------------------


def hold(user: Any) -> Any:
    return lambda: Inbox.objects.select_for_update().get(pk=user.pk)


@needs_row_locks
def test_held_for_long_it_delays_the_number_and_fails_no_sender(ana: Any, ben: Any) -> None:
    send(ana)
    with elsewhere(hold(ana)):
        started = time.monotonic()
        assert send_notification(ana, "stock_alert", "x")["success"] is True
        assert 0.9 < time.monotonic() - started < 2
        started = time.monotonic()
        assert settle() is None, "the sweeper skips it"
        send(ben)
        assert time.monotonic() - started < 0.5
        check(ana, pending=1)
    settle()
    check_dense(ana, 2)


@needs_row_locks
def test_held_for_long_it_delays_no_other_person_of_the_same_commit(ana: Any, ben: Any) -> None:
    send(ana)
    send(ben)
    with elsewhere(hold(ana)):
        started = time.monotonic()
        Notification.objects.bulk_create(
            [Notification(recipient=user, type="stock_alert", subject="x") for user in (ana, ben)]
        )
        assert time.monotonic() - started < 2
        check_dense(ben, 2)
    settle()
    check_dense(ana, 2)


@needs_row_locks
def test_one_made_in_a_transaction_that_stays_open_fails_no_sender(ana: Any) -> None:
    with elsewhere(lambda: ensure_inboxes([ana.pk], using="default")):
        started = time.monotonic()
        assert send_notification(ana, "stock_alert", "x")["success"] is True
        assert time.monotonic() - started < 2
    settle()
    check_dense(ana, 1)


@needs_row_locks
def test_a_row_that_waits_for_its_number_and_is_held_delays_no_other(ana: Any) -> None:
    (held,) = QuerySet(Notification).bulk_create([Notification(recipient=ana, type="stock_alert", subject="held")])
    with elsewhere(lambda: Notification.objects.select_for_update().get(pk=held.pk)):
        started = time.monotonic()
        send(ana)
        settle()
        assert time.monotonic() - started < 0.5
        check(ana, pending=1)
    settle()
    assert set(Notification.objects.values_list("seq", "subject")) == {(1, "x"), (2, "held")}
    check(ana)


@needs_row_locks
def test_a_row_that_a_transaction_holds_waits_for_that_transaction_alone(ana: Any, heard: Heard) -> None:
    first = send(ana)
    with elsewhere(lambda: mark_read(ana, [first])):
        send(ana)
        started = time.monotonic()
        Notification.objects.exclude(pk=first).update(subject="y")
        settle()
        assert time.monotonic() - started < 0.5
        check(ana)
    assert [told[:3] for told in heard.told(ana)] == [
        ("created", 1, 1),
        ("created", 2, 2),
        ("updated", 3, 2),
        ("read", 4, 1),
    ]
    check(ana)


@needs_row_locks
def test_a_row_held_for_long_fails_the_click_after_a_second(ana: Any) -> None:
    pk = send(ana)
    with elsewhere(lambda: Notification.objects.select_for_update().get(pk=pk)):
        started = time.monotonic()
        with pytest.raises(OperationalError, match=r"(?i)lock (wait )?timeout"):
            mark_read(ana, [pk])
        assert 0.9 < time.monotonic() - started < 2
    assert mark_read(ana, [pk]).changed == 1
    check(ana)


@needs_row_locks
def test_a_row_deleted_while_a_save_waits_for_it_stays_deleted(ana: Any) -> None:
    stale = Notification.objects.get(pk=send(ana))
    stale.subject = "private"
    saving = threading.Thread(target=lambda: (stale.save(), connection.close()))
    with elsewhere(lambda: delete(ana, [stale.pk])):
        saving.start()
        until_waiting()
    saving.join()
    row = Notification.objects.get()
    assert (row.subject, row.deleted_at is None) == ("", False)
    check(ana)


@pytest.mark.parametrize(("failures", "seen_seq"), [(1, 1), (2, 0)])
def test_what_was_seen_is_tried_twice_and_then_forgotten(ana: Any, caplog: Any, failures: int, seen_seq: int) -> None:
    send(ana)
    column = ".".join(map(connection.ops.quote_name, ("ntf_inbox", "last_rev")))
    left = [OperationalError("canceling statement due to lock timeout")] * failures

    def busy(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and column in sql and left:
            raise left.pop()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(busy):
        mark_seen(ana, 1)
    assert Inbox.objects.get().seen_seq == seen_seq
    warnings = [record.message for record in caplog.records if record.levelname != "INFO"]
    assert warnings == ["the inbox was busy, what was seen is forgotten"] * (1 - seen_seq)
