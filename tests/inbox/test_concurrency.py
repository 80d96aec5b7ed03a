"""Eight writers with long transactions: nothing is lost, numbered twice or left out, and nobody deadlocks."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import nullcontext
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import F, QuerySet

from notifications import send_notification, send_notifications
from notifications.inbox.services import archive, delete, mark_all_read, mark_read, mark_seen, mark_unread, unarchive
from notifications.inbox.sweeper import sweep
from notifications.models import Inbox, Notification

from .conftest import Heard
from .invariants import check, check_dense, reading, settle
from .workers import at_once

WRITERS, SENDS = 8, 500
ACTIONS = (mark_read, mark_unread, archive, unarchive, delete)


@pytest.fixture
def people(transactional_db: None) -> list[Any]:
    return [get_user_model().objects.create_user(f"user{n}") for n in range(4)]


def check_every_revision_was_announced_once(people: list[Any], heard: Heard) -> None:
    """Numbers without a gap: each revision up to the last is one step, and the last count is the inbox's."""
    for user in people:
        inbox = Inbox.objects.get(pk=user.pk)
        told = [(step.rev, step.unread_count) for step in heard.steps(user)]
        told += [(p.rev, p.unread_count) for change in heard.bulk() for p in change.recipients if p.user_id == user.pk]
        assert Counter(rev for rev, _ in told) == Counter(range(1, inbox.last_rev + 1))
        assert dict(told)[inbox.last_rev] == inbox.unread_count


def change_some(dice: random.Random, people: list[Any]) -> None:
    """As a host would in one transaction: rows of several people, in the order of their ids."""
    newest = list(Notification.objects.visible().order_by("-pk").values_list("pk", "recipient_id")[:60])
    by_key = {user.pk: user for user in people}
    for pk, user_id in sorted(dice.sample(newest, min(4, len(newest)))):
        dice.choice(ACTIONS)(by_key[user_id], [pk])


def write(number: int, people: list[Any]) -> list[int]:
    """500 sends in transactions of different length, some of them rolled back, with changes between."""
    dice, pause = random.Random(number), threading.Event()
    sent: list[int] = []
    while len(sent) < SENDS:
        with transaction.atomic():
            ids = [
                send_notification(dice.choice(people), "stock_alert", "x")["notification_id"]
                for _ in range(min(dice.randint(1, 40), SENDS - len(sent)))
            ]
            change_some(dice, people)
            if connection.features.has_select_for_update:  # elsewhere the one lock of all would only be held longer
                pause.wait(dice.random() / 100)
            rolled_back = dice.random() < 0.1
            transaction.set_rollback(rolled_back)
        if not rolled_back:
            sent += ids
            mark_seen(dice.choice(people), len(sent))
        if dice.random() < 0.05:
            sweep(using="default")
    return sent


def test_eight_writers_with_long_transactions(people: list[Any], heard: Heard, caplog: Any) -> None:
    with reading(*people) as readers:
        sent = [pk for ids in at_once(lambda number: write(number, people)) for pk in ids]
        settle()
    assert len(set(sent)) == WRITERS * SENDS
    assert set(Notification.objects.filter(seq__isnull=False).values_list("pk", flat=True)) == set(sent)
    check()
    check_every_revision_was_announced_once(people, heard)
    for reader in readers:
        reader.check_saw_everything()
    assert [record.__dict__ for record in caplog.records if record.levelname == "WARNING"] == []


def test_single_sends_bulk_sends_and_sweepers_at_once(people: list[Any], heard: Heard) -> None:
    def work(number: int) -> None:
        dice = random.Random(number)
        for _ in range(40):
            kind = dice.choice(["one", "many", "sweep", "update", "create"])
            if kind == "one":
                send_notification(dice.choice(people), "stock_alert", "one")
            elif kind == "many":
                send_notifications(dice.sample(people, 3), "stock_alert", "many")
            elif kind == "sweep":
                sweep(using="default")
            elif kind == "create":
                Notification.objects.bulk_create(
                    [Notification(recipient=user, type="stock_alert", subject="x") for user in people]
                )
            else:
                ids = Notification.objects.visible().order_by("-pk").values_list("pk", flat=True)[:1]
                Notification.objects.filter(pk__in=list(ids)).update(subject="edited")

    with reading(*people) as readers:
        at_once(work)
        settle()
    check()
    check_every_revision_was_announced_once(people, heard)
    for reader in readers:
        reader.check_saw_everything()


def test_autocommitted_sends_of_eight_to_one_person(people: list[Any]) -> None:
    at_once(lambda _: [send_notification(people[0], "stock_alert", "x") for _ in range(50)])
    settle()
    check_dense(people[0], 400)


@pytest.fixture
def full_inbox(people: list[Any]) -> tuple[Any, list[int]]:
    """500 unread notifications of one person."""
    rows = Notification.objects.bulk_create(
        [Notification(recipient=people[0], type="stock_alert", subject="x") for _ in range(500)]
    )
    assert Inbox.objects.get(pk=people[0].pk).unread_count == 500
    return people[0], [row.pk for row in rows]


@pytest.fixture
def others(people: list[Any]) -> list[Any]:
    return people[1:]


@pytest.mark.parametrize("in_transaction", [False, True])
def test_eight_tabs_that_mark_the_same_500_rows(full_inbox: Any, heard: Heard, in_transaction: bool) -> None:
    user, ids = full_inbox
    heard.clear()

    def tab(number: int) -> int:
        order = list(ids)
        random.Random(number).shuffle(order)
        changed = 0
        with transaction.atomic() if in_transaction else nullcontext():
            if number % 2:
                changed = mark_all_read(user).changed
            else:
                changed = mark_read(user, order).changed
        return changed

    assert sum(at_once(tab)) == 500
    check()  # without a sweeper
    assert Inbox.objects.get(pk=user.pk).unread_count == 0
    assert {told[0] for told in heard.told(user)} == {"read"}
    assert sorted(row["id"] for step in heard.steps(user) for row in step.rows) == ids


def test_eight_tabs_of_a_host_whose_rows_have_their_numbers_in_another_order(
    full_inbox: Any, others: list[Any]
) -> None:
    """As after transactions that committed in another order than they began. Some find them by place, some by id."""
    user, ids = full_inbox
    rows = QuerySet(Notification)  # past our own update(), which refuses
    rows.update(seq=2_000 - F("seq"), rev=2_000 - F("rev"))
    Inbox.objects.update(last_rev=2_000)
    content = {"type": "stock_alert", "subject": "x", "pending": False}
    rows.bulk_create(
        [Notification(recipient=person, seq=n, rev=n, **content) for person in others for n in range(1_000)]
    )
    if connection.vendor == "mysql":
        connection.cursor().execute("ANALYZE TABLE ntf_notification")  # or it thinks of them as few, and reads all

    def tab(number: int) -> None:
        with transaction.atomic():
            if number % 2:
                mark_all_read(user)
            else:
                mark_read(user, ids[number * 20 : number * 20 + 30 * number + 30])

    for _ in range(8):
        at_once(tab)
        check(user)  # without a sweeper
        assert Inbox.objects.get(pk=user.pk).unread_count == 0
        mark_unread(user, ids)


def test_eight_tabs_that_each_mark_every_row_alone_and_back(full_inbox: Any) -> None:
    user, ids = full_inbox

    def tab(number: int) -> None:
        dice = random.Random(number)
        for _ in range(25):
            some = dice.sample(ids, 20)
            dice.choice([mark_read, mark_unread, archive, unarchive])(user, some)

    at_once(tab)
    settle()
    check()
    unread = Notification.objects.filter(read_at=None, archived_at=None).count()
    assert Inbox.objects.get(pk=user.pk).unread_count == unread
