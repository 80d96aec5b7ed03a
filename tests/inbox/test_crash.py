"""A process that dies between its commit and the numbering loses nothing: whoever sweeps next finishes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from notifications import send_notification
from notifications.inbox import commit, sequencer
from notifications.inbox.changes import changes_since
from notifications.inbox.services import archive, delete, mark_read
from notifications.models import Inbox, Notification
from notifications.signals import inbox_changed

from .conftest import Heard
from .invariants import check, check_dense, settle
from .workers import in_a_child

Patch = pytest.MonkeyPatch


def die(*_: Any, **__: Any) -> None:
    os._exit(7)


def dies_before_numbering(patch: Patch) -> None:
    """The commit has happened, the next thing would be the number."""
    patch.setattr(commit, "number", die)


def dies_while_numbering(patch: Patch) -> None:
    """The numbers are written, not committed."""
    write = sequencer.write_inboxes
    patch.setattr(sequencer, "write_inboxes", lambda *args, **kwargs: die(write(*args, **kwargs)))


def dies_before_announcing(patch: Patch) -> None:
    """The numbers are committed, nobody was told."""
    patch.setattr(inbox_changed, "send_robust", die)


def crash(moment: Callable[[Patch], None], work: Callable[[], Any]) -> None:
    def child() -> None:
        moment(Patch())
        work()

    assert in_a_child(child) == 7


def new(user: Any) -> Notification:
    return Notification(recipient=user, type="stock_alert", subject="x")


def send(user: Any) -> None:
    send_notification(user, "stock_alert", "x")


def send_in_a_transaction(user: Any) -> None:
    with transaction.atomic():
        send(user)


@pytest.mark.parametrize("moment", [dies_before_numbering, dies_while_numbering])
@pytest.mark.parametrize(
    "way",
    [
        send,
        send_in_a_transaction,
        lambda user: new(user).save(),
        lambda user: Notification.objects.bulk_create([new(user)]),
    ],
    ids=["send", "send in a transaction", "save", "bulk_create"],
)
def test_a_new_row(ana: Any, heard: Heard, moment: Any, way: Any) -> None:
    crash(moment, lambda: way(ana))
    assert Notification.objects.values_list("seq", "pending").get() == (None, True)
    settle()
    assert [told[:3] for told in heard.told(ana)] == [("created", 1, 1)]
    check_dense(ana, 1)
    check()


def test_numbered_but_not_announced_it_is_there_for_whoever_reads(ana: Any, heard: Heard) -> None:
    crash(dies_before_announcing, lambda: send(ana))
    settle()
    assert heard == []
    (changes,) = changes_since({ana.pk: 0}, using="default").values()
    assert (changes.state.rev, [row["seq"] for row in changes.rows]) == (1, [1])
    check()


def test_state_changes(ana: Any, heard: Heard) -> None:
    ids = [row.pk for row in Notification.objects.bulk_create([new(ana) for _ in range(6)])]
    heard.clear()

    def change() -> None:
        with transaction.atomic():
            mark_read(ana, ids[:1])
            archive(ana, ids[1:2])
            delete(ana, ids[2:3])
            Notification.objects.filter(pk=ids[3]).update(subject="y")

    crash(dies_before_numbering, change)
    assert Inbox.objects.get(pk=ana.pk).unread_count == 6
    settle()
    assert heard.told(ana) == [("many", 7, 3, ids[:4])]
    check()


def test_another_process_goes_on_before_anybody_sweeps(ana: Any) -> None:
    crash(dies_before_numbering, lambda: send(ana))
    later = Notification.objects.create(recipient=ana, type="stock_alert", subject="later")
    check_dense(ana, 2)
    mark_read(ana, [later.pk])
    delete(ana, [later.pk])
    check()


@pytest.mark.usefixtures("transactional_db")
def test_more_people_than_one_sweep_takes() -> None:
    users = get_user_model().objects.bulk_create([get_user_model()(username=f"user{n}") for n in range(1_100)])
    rows = [Notification(recipient=user, type="stock_alert", subject="x") for user in users]
    QuerySet(Notification).bulk_create(rows)
    assert Notification.objects.filter(pending=True).count() == 1_100
    settle()
    check()
