"""Numbering happens after the caller's commit: once, for just what was committed, whatever else hangs on it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications import send_notification
from notifications.inbox import sweeper
from notifications.inbox.commit import _NumberAfterCommit
from notifications.inbox.services import delete_all, mark_read, mark_seen
from notifications.models import Inbox, Notification

from .conftest import Heard
from .invariants import check, check_dense, settle


def send(user: Any, subject: str = "x") -> int:
    return send_notification(user, "stock_alert", subject)["notification_id"]


def our_hooks() -> int:
    return sum(isinstance(entry[1], _NumberAfterCommit) for entry in connection.run_on_commit)


def test_inside_a_transaction_nothing_is_visible_or_announced(ana: Any, heard: Heard) -> None:
    with transaction.atomic():
        pk = send(ana)
        assert Notification.objects.values_list("seq", "pending").get(pk=pk) == (None, True)
        assert not Notification.objects.visible().exists()
        assert heard == []
    assert heard.told(ana) == [("created", 1, 1, [pk])]


def test_no_inbox_is_touched_inside_a_callers_transaction(ana: Any) -> None:
    pk = send(ana)
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            send(ana)
            mark_read(ana, [pk])
            mark_seen(ana, 1)
            Notification.objects.filter(recipient=ana).update(subject="y")
            delete_all(ana)
        assert len(queries) > 5
        assert [query["sql"] for query in queries if "ntf_inbox" in query["sql"]] == []
    check(ana)


def test_a_roll_back_leaves_nothing(ana: Any, heard: Heard) -> None:
    pk = send(ana)
    heard.clear()
    with transaction.atomic():
        send(ana)
        mark_read(ana, [pk])
        mark_seen(ana, 1)
        Notification.objects.create(recipient=ana, type="stock_alert", subject="x")
        Notification.objects.filter(pk=pk).update(subject="y")
        transaction.set_rollback(True)
    settle()
    assert heard == []
    assert Notification.objects.values_list("subject", "rev", "read_at").get() == ("x", 1, None)
    check_dense(ana, 1)


def test_many_sends_of_one_transaction_are_numbered_together(ana: Any, ben: Any, heard: Heard) -> None:
    with transaction.atomic():
        for _ in range(50):
            send(ana)
            send(ben)
        assert our_hooks() == 1
    assert [len(change.steps) for change in heard] == [50, 50]  # type: ignore[union-attr]
    check_dense(ana, 50)
    check_dense(ben, 50)


def test_a_savepoint_rolled_back_takes_only_its_own(ana: Any, ben: Any, heard: Heard) -> None:
    with transaction.atomic():
        send(ana, "before")
        with transaction.atomic():
            send(ana, "gone")
            send(ben, "gone")
            transaction.set_rollback(True)
        send(ana, "after")
    assert [step.rows[0]["subject"] for step in heard.steps(ana)] == ["before", "after"]
    check_dense(ana, 2)
    assert not Notification.objects.filter(recipient=ben).exists()


def test_what_was_only_sent_in_a_savepoint_is_numbered_although_another_was_rolled_back(ana: Any, ben: Any) -> None:
    with transaction.atomic():
        with transaction.atomic():
            send(ana)
            with transaction.atomic():
                send(ben)
        with transaction.atomic():
            send(ana)
            transaction.set_rollback(True)
        with transaction.atomic():
            send(ana)
    check_dense(ana, 2)
    check_dense(ben, 1)


def test_a_savepoint_inside_one_that_is_rolled_back(ana: Any) -> None:
    with transaction.atomic():
        with transaction.atomic():
            with transaction.atomic():
                send(ana)
            transaction.set_rollback(True)
        send(ana)
    check_dense(ana, 1)


def test_a_savepoint_for_each_row_of_an_import(ana: Any) -> None:
    with transaction.atomic():
        for number in range(50):
            with transaction.atomic():
                send(ana)
                transaction.set_rollback(number % 5 == 0)
        assert our_hooks() <= 2
    check_dense(ana, 40)


def test_blocks_without_savepoints(ana: Any) -> None:
    with transaction.atomic():
        send(ana)
        with transaction.atomic(savepoint=False):
            send(ana)
            with transaction.atomic():
                send(ana)
    check_dense(ana, 3)


def test_a_hook_of_the_host_that_fails_costs_only_time(ana: Any) -> None:
    def fails() -> None:
        raise RuntimeError("the host's own")

    def host() -> None:
        with transaction.atomic():
            transaction.on_commit(fails)
            send(ana)

    with pytest.raises(RuntimeError, match="the host's own"):
        host()
    check(ana, pending=1)  # Django runs no hook after one that failed
    settle()
    check_dense(ana, 1)


def test_our_own_failure_stops_no_hook_of_the_host(ana: Any, ben: Any) -> None:
    send(ana)
    Inbox.objects.filter(pk=ana.pk).update(last_rev=2**63 - 1)  # the next revision fits no column
    ran: list[str] = []
    with transaction.atomic():
        send(ana)
        mark_seen(ana, 1)
        transaction.on_commit(lambda: ran.append("host"))
    assert ran == ["host"]


def test_thousands_of_hooks_of_the_host(ana: Any) -> None:
    with transaction.atomic():
        for _ in range(3_000):
            transaction.on_commit(lambda: None)
        send(ana)
        for _ in range(30):
            transaction.on_commit(lambda: None)
            send(ana)
        assert our_hooks() < 5
    check_dense(ana, 31)


def test_a_send_from_a_hook_of_the_host(ana: Any) -> None:
    with transaction.atomic():
        send(ana)
        transaction.on_commit(lambda: send(ana))
    check_dense(ana, 2)


def test_a_transaction_opened_by_hook_of_the_host(ana: Any) -> None:
    def hook() -> None:
        with transaction.atomic():
            send(ana)
            send(ana)

    with transaction.atomic():
        transaction.on_commit(hook)
        send(ana)
    check_dense(ana, 3)


def test_autocommit_switched_off_by_hand(ana: Any) -> None:
    transaction.set_autocommit(False)
    try:
        send(ana)
        Notification.objects.filter(recipient=ana).update(subject="y")
        mark_seen(ana, 1)
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    settle()
    check_dense(ana, 1)


def test_one_persons_failure_stops_nobody_else(ana: Any, ben: Any, caplog: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(sweeper, "USERS_PER_SWEEP", 1)
    send(ana)
    Inbox.objects.filter(pk=ana.pk).update(last_rev=2**63 - 1)  # the next revision fits no column
    Notification.objects.bulk_create(
        [Notification(recipient=user, type="stock_alert", subject="x") for user in (ana, ben, ben)]
    )
    check_dense(ben, 2)
    (line,) = [record for record in caplog.records if record.message == "numbering failed, the sweeper will try again"]
    assert line.user_id == str(ana.pk)
    settle()  # tries again, fails again, and ends
    Inbox.objects.filter(pk=ana.pk).update(last_rev=1)
    settle()
    check_dense(ana, 2)
