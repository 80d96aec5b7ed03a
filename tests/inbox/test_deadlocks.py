"""Nobody is failed by a deadlock: hosts are kept out of them, and what the database ends of our own begins again."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.db.models.signals import post_save

from notifications import send_notification, send_notifications
from notifications.inbox.inboxes import ensure_inboxes
from notifications.inbox.services import delete, mark_read
from notifications.inbox.transactions import TRIES, retry_deadlocks
from notifications.models import Inbox, Notification

from .invariants import check, check_dense, settle
from .workers import at_once, elsewhere, needs_row_locks, until_waiting


def send(user: Any, **content: Any) -> Any:
    return send_notification(user, "stock_alert", "x", **content)


@needs_row_locks
def test_a_host_goes_on_sending_while_a_send_to_many_waits_for_its_key(ana: Any, ben: Any) -> None:
    """InnoDB gives ids out under a lock, which the send to many must not hold while it waits."""
    ensure_inboxes([ana.pk, ben.pk], using="default")
    bulk = threading.Thread(
        target=lambda: (send_notifications([ana, ben], "stock_alert", "all", dedupe_key="sale"), connection.close())
    )
    with transaction.atomic():
        send(ben, dedupe_key="sale")
        bulk.start()
        until_waiting()
        send(ana)
    bulk.join()
    settle()
    check_dense(ana, 2)
    check_dense(ben, 1)
    check()


@needs_row_locks
@pytest.mark.parametrize("key", [None, "order-7"])
def test_a_send_does_not_wait_for_who_changes_the_person(ana: Any, ben: Any, key: Any) -> None:
    with elsewhere(lambda: type(ana).objects.filter(pk=ana.pk).update(first_name="Ana")):
        started = time.monotonic()
        send(ana, dedupe_key=key)  # the first, which makes the inbox
        assert send_notifications([ana, ben], "stock_alert", "all")["created"] == 2
        assert time.monotonic() - started < 0.5
        check_dense(ana, 2)
    check()


@needs_row_locks
def test_two_that_change_themselves_and_notify_each_other(ana: Any, ben: Any) -> None:
    changed = threading.Barrier(2)

    def work(number: int) -> None:
        own, other = (ana, ben)[:: 1 if number else -1]
        with transaction.atomic():
            own.last_name = "changed"
            own.save()
            changed.wait(10)
            send(other)
            own.save()

    at_once(work, 2)
    check_dense(ana, 1)
    check_dense(ben, 1)


def test_what_is_sent_to_a_person_who_is_deleted_meanwhile_leaves_nothing(ana: Any, ben: Any) -> None:
    send(ben)
    type(ana).objects.filter(pk=ana.pk).delete()  # and we still hold the instance
    with suppress(IntegrityError):  # MariaDB lets it in
        send(ana)
    settle()
    assert [row.recipient_id for row in Notification.objects.all()] == [ben.pk]
    check()


def test_only_our_own_inserts_leave_their_foreign_keys_unchecked(ana: Any) -> None:
    """A host's code runs inside a send, too."""

    def log(**_: Any) -> None:
        LogEntry.objects.create(user_id=2**31 - 1, action_flag=1)
        if connection.vendor == "sqlite":
            connection.check_constraints()  # or it would look at the outermost commit only

    post_save.connect(log, sender=Notification)
    try:
        with pytest.raises(IntegrityError), transaction.atomic():
            send(ana)
    finally:
        post_save.disconnect(log, sender=Notification)


@needs_row_locks
def test_numbering_does_not_wait_for_who_changes_the_person(ana: Any) -> None:
    """On MariaDB a foreign key's own index must not change with the number, or the person's row would be locked."""
    QuerySet(Notification).bulk_create([Notification(recipient=ana, type="stock_alert", subject="x")])
    ensure_inboxes([ana.pk], using="default")
    with elsewhere(lambda: type(ana).objects.filter(pk=ana.pk).update(first_name="Ana")):
        started = time.monotonic()
        settle()
        check_dense(ana, 1)
        pk = Notification.objects.get().pk
        mark_read(ana, [pk])
        delete(ana, [pk])
        assert time.monotonic() - started < 0.5
        check(ana)


@needs_row_locks
def test_a_numbering_that_was_ended_to_end_a_deadlock_begins_again(
    ana: Any, ben: Any, settings: Any, caplog: Any
) -> None:
    settings.NOTIFICATIONS = {"LOCK_TIMEOUT_SECONDS": 20.0}
    ensure_inboxes([ana.pk, ben.pk], using="default")

    def both() -> None:
        with transaction.atomic():
            send(ana)
            send(ben)
        connection.close()

    writer = threading.Thread(target=both)
    with transaction.atomic():
        # Which of the two is ended: on PostgreSQL the first that looks, on MariaDB the cheaper to roll back.
        if connection.vendor == "postgresql":
            connection.cursor().execute("SET LOCAL deadlock_timeout = '20s'")
        rows = [Notification(recipient=ben, type="stock_alert", subject="x") for _ in range(100)]
        Notification.objects.bulk_create(rows)
        # Nobody but us locks inboxes, and we do so in the order of their keys. This one does not.
        Inbox.objects.select_for_update().get(pk=ben.pk)
        writer.start()
        until_waiting()
        Inbox.objects.select_for_update().get(pk=ana.pk)
    writer.join()
    check_dense(ana, 1)  # without a sweeper
    check_dense(ben, 101)
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []


@needs_row_locks
def test_two_that_wait_for_a_key_that_is_then_rolled_back(ana: Any) -> None:
    """On MariaDB both then share a lock on what is gone, and each waits for the other's."""

    def first() -> None:
        send(ana, dedupe_key="order-7")
        transaction.set_rollback(True)

    results: list[Any] = []
    waiting = threading.Thread(target=lambda: results.extend(at_once(lambda _: send(ana, dedupe_key="order-7"), 4)))
    with elsewhere(first):
        waiting.start()
        until_waiting(4)
    waiting.join()
    assert sorted(result["created"] for result in results) == [False, False, False, True]
    settle()
    check_dense(ana, 1)


# -- who may begin again ------------------------------------------------------------------------------------------


class Victim:
    """Ended by the database so many times."""

    def __init__(self, times: int, error: OperationalError) -> None:
        self.times, self.error, self.tries = times, error, 0

    def __call__(self, *, using: str) -> str:
        self.tries += 1
        if self.tries <= self.times:
            raise self.error
        return "done"


DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")
BUSY = OperationalError(1205, "Lock wait timeout exceeded; try restarting transaction")


@pytest.mark.usefixtures("transactional_db")
def test_it_is_tried_a_few_times() -> None:
    assert retry_deadlocks(victim := Victim(TRIES - 1, DEADLOCK))(using="default") == "done"
    assert victim.tries == TRIES
    with pytest.raises(OperationalError, match="Deadlock"):
        retry_deadlocks(victim := Victim(TRIES, DEADLOCK))(using="default")
    assert victim.tries == TRIES


@pytest.mark.usefixtures("transactional_db")
def test_a_lock_not_had_in_time_is_no_deadlock() -> None:
    with pytest.raises(OperationalError, match="timeout"):
        retry_deadlocks(victim := Victim(1, BUSY))(using="default")
    assert victim.tries == 1


@pytest.mark.usefixtures("transactional_db")
def test_in_a_callers_transaction_only_the_caller_can_begin_again() -> None:
    with transaction.atomic(), pytest.raises(OperationalError, match="Deadlock"):
        retry_deadlocks(victim := Victim(1, DEADLOCK))(using="default")
    assert victim.tries == 1
