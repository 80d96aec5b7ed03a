"""What a send and a click cost the database, statement by statement, so that nobody makes them dearer unnoticed.

Statements of a single send, not counting BEGIN, COMMIT and savepoints, on PostgreSQL (elsewhere one less per numbering:
there is no lock timeout to set, or it is part of each statement):

====================================  ==========================================================================
outside a transaction, by key         look up the user, insert; number: lock timeout, lock inbox, read pending,
                                      write numbers, write inbox = 7
… by a user instance                  the same without the look-up = 6
inside a transaction                  look up the user, insert = 2, and 5 once after the commit, however many
====================================  ==========================================================================
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
from notifications.inbox.database import sorts_before_locking
from notifications.inbox.services import mark_all_read, mark_read, mark_seen
from notifications.inbox.sweeper import sweep
from notifications.models import Notification

SILENT = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
Measure = Callable[[], Any]


@contextmanager
def statements(expected: int, *, numberings: int = 1) -> Iterator[None]:
    with CaptureQueriesContext(connection) as queries:
        yield
    found = [query["sql"][:100] for query in queries if not query["sql"].startswith(SILENT)]
    allowed = expected + numberings * (connection.vendor == "postgresql")
    assert len(found) == allowed, "\n".join(found)


@pytest.fixture
def user(ana: Any) -> Any:
    """Whose inbox exists."""
    send_notification(ana, "stock_alert", "first")
    return ana


def test_a_send_outside_a_transaction(user: Any) -> None:
    with statements(6):
        send_notification(user.pk, "stock_alert", "x")
    with statements(5):
        send_notification(user, "stock_alert", "x")


def test_a_send_inside_a_transaction(user: Any) -> None:
    with statements(2 + 4), transaction.atomic(), statements(2, numberings=0):
        send_notification(user.pk, "stock_alert", "x")


def test_fifty_sends_inside_a_transaction_are_numbered_once(user: Any) -> None:
    with statements(50 + 4), transaction.atomic():
        for _ in range(50):
            send_notification(user, "stock_alert", "x")


def test_a_send_with_a_dedupe_key(user: Any) -> None:
    with statements(5 + 1):
        send_notification(user, "stock_alert", "x", dedupe_key="a")
    with statements(1, numberings=0):
        send_notification(user, "stock_alert", "x", dedupe_key="a")


def test_the_first_send_ever_makes_the_inbox(ben: Any) -> None:
    # Inserts and finds no inbox to lock; looks for inbox, user and standing rows, makes the inbox; numbers.
    with statements(1 + 1 + 4 + 4, numberings=3):
        send_notification(ben, "stock_alert", "x")


def test_reading_one_and_reading_all(user: Any) -> None:
    # A click outside a transaction has a lock timeout of its own.
    pk = Notification.objects.get().pk
    find = 1 if sorts_before_locking("default") else 2
    with statements(find + 1 + 4, numberings=2):
        mark_read(user, [pk])
    again = find + 1 + 2 if connection.features.has_select_for_update_skip_locked else find + 1
    with statements(again, numberings=2):
        mark_read(user, [pk])
    send_notification(user, "stock_alert", "x")
    with statements(find + 1 + 4, numberings=2):
        mark_all_read(user)


def test_seen(user: Any) -> None:
    with statements(3):
        mark_seen(user, 1)
    with statements(2):
        mark_seen(user, 1)


def test_a_sweep_with_nothing_to_do(user: Any) -> None:
    with statements(2, numberings=0):
        assert sweep(using="default") is False


@pytest.mark.usefixtures("transactional_db")
def test_a_chunk_of_a_thousand_costs_no_more_than_one_of_ten() -> None:
    counts = []
    for size in (10, 1_000):
        users = [get_user_model()(username=f"{size}-{n}") for n in range(size)]
        keys = [user.pk for user in get_user_model().objects.bulk_create(users)]
        send_notifications(keys, "stock_alert", "first")
        with CaptureQueriesContext(connection) as queries:
            send_notifications(keys, "stock_alert", "x")
        counts.append(len(queries))
    assert counts[0] == counts[1]
