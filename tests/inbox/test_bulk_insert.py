"""A chunk of a send to many is one statement on PostgreSQL, a few elsewhere: numbers are exact, whoever else sends."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction

from notifications import send_notification, send_notifications
from notifications.inbox import expansion
from notifications.inbox.bulk_insert import bulk_insert
from notifications.models import Batch, BatchChunk, Inbox, Notification

from .conftest import Heard
from .invariants import check, check_dense, settle
from .workers import at_once, in_a_child, needs_row_locks, until_waiting

User = get_user_model()
WRITERS = 8


@pytest.fixture
def crowd(transactional_db: None, settings: Any) -> list[Any]:
    """25 people without an inbox, in chunks of 10."""
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 10}
    return User.objects.bulk_create([User(username=f"user{n}") for n in range(25)])


@pytest.fixture
def known(crowd: list[Any]) -> list[Any]:
    """The same 25; each has an inbox."""
    Inbox.objects.bulk_create([Inbox(user=user) for user in crowd])
    return crowd


def send(recipients: Any, **content: Any) -> Any:
    return send_notifications(recipients, "stock_alert", "Sale", **content)


def announced(heard: Heard, user: Any) -> list[tuple[int, int, int]]:
    """``(rev, unread count, id)`` of everything that was told of this person."""
    told = [(step.rev, step.unread_count, step.rows[0]["id"]) for step in heard.steps(user)]
    bulk = [person for change in heard.bulk() for person in change.recipients if person.user_id == user.pk]
    return sorted(told + [(person.rev, person.unread_count, person.notification_id) for person in bulk])


def test_many_who_send_to_the_same_people_one_and_all(known: list[Any], heard: Heard, caplog: Any) -> None:
    sent: list[Counter[Any]] = [Counter() for _ in range(WRITERS)]

    def work(number: int) -> None:
        dice = random.Random(number)
        for _ in range(12):
            some = dice.sample(known, 20)
            if number % 2:
                send(some)
            else:
                for user in some:
                    send_notification(user.pk, "stock_alert", "single")
            sent[number].update(user.pk for user in some)

    at_once(work, WRITERS)
    settle()
    total = sum(sent, Counter())
    for user in known:
        count = total[user.pk]
        check_dense(user, count)
        assert Inbox.objects.get(pk=user.pk).unread_count == count
        rows = Notification.objects.filter(recipient=user).order_by("seq").values_list("rev", "pk")
        assert announced(heard, user) == [(rev, rev, pk) for rev, pk in rows]
    check()
    assert [record.__dict__ for record in caplog.records if record.levelname == "WARNING"] == []


@needs_row_locks
def test_an_inbox_that_counts_on_while_the_statement_waits_for_it(known: list[Any], heard: Heard) -> None:
    """The statement began before the other's commit, and what it saw of the inbox is no longer true."""
    user, held = known[3], threading.Event()

    def work(number: int) -> None:
        if number == 1:
            assert held.wait(10)
            send(known)
            return
        with transaction.atomic():
            Inbox.objects.filter(pk=user.pk).update(last_rev=7, unread_count=5)
            held.set()
            until_waiting()

    at_once(work, 2)
    assert [(rev, unread) for rev, unread, _ in announced(heard, user)] == [(8, 6)]


def test_all_or_none(crowd: list[Any]) -> None:
    batch = Batch.objects.create(type="stock_alert", subject="Sale")
    Inbox.objects.bulk_create([Inbox(user=user) for user in crowd[1:]])
    keys = [user.pk for user in crowd]
    with transaction.atomic():
        assert bulk_insert(batch, keys, all_or_none=True, using="default") is None
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not Inbox.objects.exclude(last_rev=0).exists()
    with transaction.atomic():
        recipients = bulk_insert(batch, keys, all_or_none=False, using="default")
    assert sorted(person.user_id for person in recipients or []) == keys[1:]
    check()


@pytest.mark.parametrize("with_inbox", [0, 9, 24, 25])
def test_only_for_who_has_no_inbox_one_is_made(crowd: list[Any], heard: Heard, with_inbox: int) -> None:
    Inbox.objects.bulk_create([Inbox(user=user) for user in crowd[:with_inbox]])
    epochs = set(Inbox.objects.values_list("epoch", flat=True))
    assert send(crowd)["created"] == 25
    assert epochs <= set(Inbox.objects.values_list("epoch", flat=True))
    for user in crowd:
        check_dense(user, 1)
        assert [(rev, unread) for rev, unread, _ in announced(heard, user)] == [(1, 1)]
    check()


def killed_when_the_inboxes_are_made() -> None:
    ensure = expansion.ensure_inboxes

    def ensure_and_die(*args: Any, **kwargs: Any) -> Any:
        ensure(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    expansion.ensure_inboxes = ensure_and_die  # in the child only
    send(User.objects.all())


def test_killed_between_the_inboxes_and_the_notifications(crowd: list[Any]) -> None:
    send(crowd[:5])
    assert in_a_child(killed_when_the_inboxes_are_made) == -signal.SIGKILL
    assert Notification.objects.count() == 5
    settle()
    for user in crowd:
        check_dense(user, 2 if user in crowd[:5] else 1)
    assert not BatchChunk.objects.filter(expanded_at=None).exists()
    assert not Batch.objects.filter(finished_at=None).exists()


def test_a_person_who_is_deleted_meanwhile_is_skipped(known: list[Any]) -> None:
    with transaction.atomic():
        result = send(known)
        User.objects.filter(pk=known[7].pk).delete()
    assert Batch.objects.get().finished_at is not None
    assert Notification.objects.count() == 24
    assert result["pending"] == 25
    check()


@pytest.mark.parametrize("sliced", [False, True])
def test_who_is_in_the_queryset_twice_gets_it_once(known: list[Any], sliced: bool) -> None:
    send(known)
    send(known)
    everyone = User.objects.filter(inbox_notifications__subject="Sale").order_by("inbox_notifications__seq", "-pk")
    assert everyone.count() == 50
    result = send(everyone[:50] if sliced else everyone)
    assert (result["recipients"], result["created"]) == (25, 25)
    check()
