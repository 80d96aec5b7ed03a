"""PostgreSQL: one statement where it may, the general way wherever somebody would notice the difference."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models.signals import post_save, pre_save
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications import send_notification
from notifications.inbox import fast_path
from notifications.inbox.events import InboxChange
from notifications.inbox.services import mark_read
from notifications.inbox.sweeper import sweep
from notifications.live import hints
from notifications.models import Inbox, Notification
from notifications.signals import notifications_inserted

from .conftest import Heard
from .invariants import check
from .workers import at_once, until_waiting

pytestmark = pytest.mark.skipif(
    "__import__('django.db').db.connection.vendor != 'postgresql'", reason="PostgreSQL only"
)

WRITERS, SENDS = 6, 150


@pytest.fixture
def user(ana: Any) -> Any:
    """Whose inbox exists."""
    send_notification(ana, "stock_alert", "first")
    return ana


@contextmanager
def statements() -> Any:
    found: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield found
    found += [query["sql"] for query in queries]


def took_the_fast_path(found: list[str]) -> bool:
    return len(found) == 1 and found[0].startswith("WITH box")


def test_a_plain_send_does_and_is_announced_as_any_other(user: Any, heard: Heard) -> None:
    with statements() as found:
        sent = send_notification(user, "stock_alert", "x", data={"n": 1, "at": timezone.now()}, url="/a/")
    assert took_the_fast_path(found)
    [step] = heard.steps(user)
    row = Notification.objects.get(pk=sent["notification_id"])
    assert (step.rev, step.unread_count, row.seq, row.rev, row.counted, row.pending) == (2, 2, 2, 2, True, False)
    told, stored = step.rows[0], Notification.objects.values(*step.rows[0]).get(pk=row.pk)
    assert told == stored
    assert hints.single(InboxChange(user.pk, "e", [step]))["frames"][0] is not None


@pytest.mark.parametrize("signal", [pre_save, post_save, notifications_inserted])
@pytest.mark.parametrize("sender", [Notification, None])
def test_whoever_listens_hears_of_it(user: Any, signal: Any, sender: Any) -> None:
    said = []

    def listen(**kwargs: Any) -> None:
        said.append(kwargs.get("instance") or kwargs.get("content"))

    signal.connect(listen, sender=sender)
    try:
        sent = send_notification(user, "stock_alert", "x")
    finally:
        signal.disconnect(listen, sender=sender)
    assert [each.pk for each in said if isinstance(each, Notification)] == [sent["notification_id"]]


def test_inside_a_transaction_the_row_is_one_that_a_rollback_takes_back(user: Any) -> None:
    with statements() as found, transaction.atomic():
        send_notification(user, "stock_alert", "x")
        transaction.set_rollback(True)
    assert not any(sql.startswith("WITH box") for sql in found)
    assert Notification.objects.count() == Inbox.objects.get(pk=user.pk).last_rev == 1


def test_a_send_waits_for_nobody_who_holds_the_inbox(user: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"LOCK_TIMEOUT_SECONDS": 0.05}

    def work(number: int) -> Any:
        if number:
            held.wait()
            try:
                return send_notification(user, "stock_alert", "x")["notification_id"]
            finally:
                sent.set()
        with transaction.atomic():
            list(Inbox.objects.select_for_update().filter(pk=user.pk))
            held.set()
            assert sent.wait(10)
        return None

    held, sent = threading.Event(), threading.Event()
    _, pk = at_once(work, 2)
    assert Notification.objects.get(pk=pk).pending
    sweep(using="default")
    assert Notification.objects.get(pk=pk).seq == 2
    check(user)


def test_a_send_that_waits_for_the_users_row_holds_no_inbox(user: Any) -> None:
    """The foreign key's check waits for a host that has locked the user, and nobody else may wait with it."""
    held = threading.Event()

    def work(number: int) -> None:
        if number:
            held.wait()
            send_notification(user, "stock_alert", "x")
            return
        with transaction.atomic():
            type(user).objects.select_for_update().get(pk=user.pk)
            held.set()
            until_waiting()
            assert Inbox.objects.select_for_update(nowait=True).get(pk=user.pk)

    at_once(work, 2)
    check(user)


def test_an_inbox_that_stands_below_its_rows_gives_no_error(user: Any) -> None:
    send_notification(user, "stock_alert", "second")
    Inbox.objects.filter(pk=user.pk).update(last_rev=0)
    pk = send_notification(user, "stock_alert", "third")["notification_id"]
    for _ in range(3):
        sweep(using="default")
    assert Notification.objects.get(pk=pk).seq == 3


def test_a_row_that_is_no_longer_new_is_numbered_the_general_way(user: Any, heard: Heard) -> None:
    with transaction.atomic():
        pk = send_notification(user, "stock_alert", "x")["notification_id"]
        Notification.objects.filter(pk=pk).update(subject="y")
    with transaction.atomic():
        Notification.objects.create(recipient=user, type="stock_alert", subject="read", read_at="2026-01-01T00:00Z")
    assert [(step.rev, step.unread_count, step.rows[0]["subject"]) for step in heard.steps(user)] == [
        (2, 2, "y"),
        (3, 2, "read"),
    ]
    check(user)


def test_an_error_that_leaves_open_what_was_written_is_the_callers(user: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 10")
        with pytest.raises(OperationalError):
            fast_path._execute("SELECT pg_sleep(%s)", [5], connection)


@pytest.mark.timeout(60)
def test_writers_sweepers_and_readers_leave_no_gap(ana: Any, ben: Any, heard: Heard) -> None:
    people = [ana, ben]

    def work(number: int) -> None:
        for count in range(SENDS):
            user = people[(number + count) % 2]
            if count % 3:
                sent = send_notification(user, "stock_alert", "x")
            else:
                with transaction.atomic():
                    sent = send_notification(user, "stock_alert", "x")
            if count % 5 == 0:
                mark_read(user, [sent["notification_id"]])
            if count % 7 == 0:
                sweep(using="default")

    at_once(work, WRITERS)
    while sweep(using="default"):
        pass
    for user in people:
        check(user)
        told = sorted(step.rev for step in heard.steps(user))
        assert told == list(range(1, Inbox.objects.get(pk=user.pk).last_rev + 1))
