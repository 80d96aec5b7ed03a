"""What a send and a click cost the database, statement by statement, so that nobody makes them dearer unnoticed.

Statements of a single send, not counting BEGIN, COMMIT and savepoints:

================================  ====================  ==============================================================
                                  PostgreSQL            elsewhere
================================  ====================  ==============================================================
outside a transaction, by key     one                   look up the user, insert; number: lock inbox, read pending,
                                                        write numbers, write inbox = 6
… by a user instance              one                   the same without the look-up = 5
inside a transaction              look up the user,     the same 2, and 4 once after the commit, however many were
                                  insert = 2, and one   sent
                                  after the commit
several inside one transaction    5 after the commit: where the fast path does not lead, the general way of numbering
                                  sets a lock timeout, too; elsewhere there is none to set, or it is part of each
                                  statement
================================  ====================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications import send_notification, send_notifications
from notifications.conf import conf
from notifications.inbox.database import sorts_before_locking
from notifications.inbox.services import mark_all_read, mark_read, mark_seen
from notifications.inbox.sweeper import sweep
from notifications.models import Notification

SILENT = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
Measure = Callable[[], Any]


@contextmanager
def statements(elsewhere: int, *, postgresql: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as queries:
        yield
    found = [query["sql"][:100] for query in queries if not query["sql"].startswith(SILENT)]
    expected = postgresql if connection.vendor == "postgresql" else elsewhere
    assert len(found) == expected, "\n".join(found)


@pytest.fixture
def user(ana: Any) -> Any:
    """Whose inbox exists."""
    send_notification(ana, "stock_alert", "first")
    return ana


def test_a_send_outside_a_transaction(user: Any) -> None:
    with statements(6, postgresql=1):
        send_notification(user.pk, "stock_alert", "x")
    with statements(5, postgresql=1):
        send_notification(user, "stock_alert", "x")


def test_a_send_inside_a_transaction(user: Any) -> None:
    with statements(2 + 4, postgresql=2 + 1), transaction.atomic(), statements(2, postgresql=2):
        send_notification(user.pk, "stock_alert", "x")


def test_fifty_sends_inside_a_transaction_are_numbered_once(user: Any) -> None:
    with statements(50 + 4, postgresql=50 + 5), transaction.atomic():
        for _ in range(50):
            send_notification(user, "stock_alert", "x")


def test_a_send_with_a_dedupe_key(user: Any) -> None:
    with statements(2 + 4, postgresql=2 + 1):
        send_notification(user, "stock_alert", "x", dedupe_key="a")
    with statements(1, postgresql=1):
        send_notification(user, "stock_alert", "x", dedupe_key="a")


def test_the_first_send_ever_makes_the_inbox(ben: Any) -> None:
    # Inserts and finds no inbox to lock; looks for inbox, user and standing rows, makes the inbox; numbers. The fast
    # path is tried for the insert and for the number, and each limit of waiting is a statement.
    with statements(1 + 1 + 4 + 4, postgresql=10 + 2 + 3):
        send_notification(ben, "stock_alert", "x")


def test_reading_one_and_reading_all(user: Any) -> None:
    # A click outside a transaction has a lock timeout of its own.
    pk = Notification.objects.get().pk
    find = 1 if sorts_before_locking("default") else 2
    with statements(find + 1 + 4, postgresql=6 + 2):
        mark_read(user, [pk])
    again = find + 1 + 2 if connection.features.has_select_for_update_skip_locked else find + 1
    with statements(again, postgresql=4 + 2):
        mark_read(user, [pk])
    send_notification(user, "stock_alert", "x")
    with statements(find + 1 + 4, postgresql=6 + 2):
        mark_all_read(user)


def test_seen(user: Any) -> None:
    with statements(3, postgresql=4):
        mark_seen(user, 1)
    with statements(2, postgresql=3):
        mark_seen(user, 1)


def test_a_sweep_with_nothing_to_do(user: Any) -> None:
    with statements(3, postgresql=3):
        assert sweep(using="default") is False


@pytest.fixture
def three(ana: Any, ben: Any) -> list[Any]:
    """Their keys. Each has an inbox."""
    keys = [ana.pk, ben.pk, get_user_model().objects.create_user("cleo").pk]
    send_notifications(keys, "stock_alert", "first")
    return keys


def test_a_send_to_many(three: list[Any], settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 2}
    once = 6  # batch, chunks, number of people; which chunks, their content; how many have it
    # For each chunk: lock it, insert and number (elsewhere: lock inboxes, count, insert, read ids), mark it, finish.
    each = 1 + 4 + 1 + (3 if connection.features.has_select_for_update else 2)
    with statements(once + 2 * each, postgresql=once + 2 * (1 + 2 + 1 + 1 + 3)):
        send_notifications(three, "stock_alert", "x")


@pytest.mark.usefixtures("transactional_db")
def test_a_full_chunk_costs_no_more_than_one_of_ten() -> None:
    counts = []
    for size in (10, conf.CHUNK_SIZE):
        users = [get_user_model()(username=f"{size}-{n}") for n in range(size)]
        keys = [user.pk for user in get_user_model().objects.bulk_create(users)]
        send_notifications(keys, "stock_alert", "first")
        with CaptureQueriesContext(connection) as queries:
            send_notifications(keys, "stock_alert", "x")
        counts.append(len(queries))
    assert counts[0] == counts[1]
