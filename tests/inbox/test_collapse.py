"""What is said again and again becomes one row with a count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from notifications import NotificationType, send_notification, send_notifications
from notifications.exceptions import InvalidContent, MissingContext
from notifications.inbox.events import Kind
from notifications.inbox.services import archive, delete, mark_read
from notifications.models import Inbox, Notification
from notifications.types import Collapse

from .conftest import Heard
from .invariants import check, settle
from .workers import at_once, elsewhere, needs_row_locks


def send(user: Any, subject: str = "x", **content: Any) -> Any:
    return send_notification(user, "stock_alert", subject, collapse_key="milk", **content)


def test_the_row_counts_on_and_says_the_newest(ana: Any, heard: Heard) -> None:
    first = send(ana, "3 left", data={"left": 3}, target=ana)
    again = send(ana, "2 left", message="Hurry", priority="high")
    assert (first["created"], again["created"]) == (True, False)
    assert first["notification_id"] == again["notification_id"]
    row = Notification.objects.get()
    assert (row.count, row.subject, row.message, row.data) == (2, "2 left", "Hurry", {})
    assert (row.target_text, row.target_type, row.seq, row.rev) == ("", None, 1, 2)
    steps = heard.steps(ana)
    assert [(step.kind, step.unread_count, step.rows[0]["count"]) for step in steps] == [
        (Kind.CREATED, 1, 1),
        (Kind.UPDATED, 1, 2),
    ]
    check(ana)


@pytest.mark.parametrize("done", [mark_read, archive, delete])
def test_who_is_done_with_it_gets_a_new_one(ana: Any, done: Callable[..., Any]) -> None:
    first = send(ana)["notification_id"]
    done(ana.pk, [first])
    assert send(ana)["created"]
    assert send(ana)["notification_id"] != first
    check(ana)


def test_other_keys_types_and_people_are_apart(ana: Any, ben: Any) -> None:
    send(ana)
    assert send(ben)["created"]
    assert send_notification(ana, "stock_alert", "x", collapse_key="Milk")["created"]
    assert send_notification(ana, "stock_alert", "x")["created"]
    assert send_notification(ana, "order_ready", "x", collapse_key="milk")["created"]
    check()


def test_the_window_begins_with_the_first(ana: Any, a_type: Callable[..., Any]) -> None:
    @a_type
    class Visit(NotificationType):
        subject = "{{ who }} was here"
        collapse = Collapse("{{ page }}", window=timedelta(minutes=10))

    with time_machine.travel(timezone.now(), tick=False) as clock:
        made = [Visit.send(ana, who="Ben", page=1)["created"]]
        for minutes in (9, 2, 9):
            clock.shift(timedelta(minutes=minutes))
            made.append(Visit.send(ana, who="Eva", page=1)["created"])
        made.append(Visit.send(ana, who="Eva", page=2)["created"])
    assert made == [True, False, True, False, True]
    assert [row.count for row in Notification.objects.order_by("pk")] == [2, 2, 1]


def test_at_once_they_are_one(ana: Any) -> None:
    at_once(lambda number: send(ana, f"x{number}"))
    settle()
    assert Notification.objects.get().count == 8
    check(ana)


def test_many_count_on_where_they_have_it(ana: Any, ben: Any) -> None:
    send(ana)
    result = send_notifications([ana, ben], "stock_alert", "Again", collapse_key="milk")
    assert (result["created"], result["skipped"]) == (2, 0)
    assert dict(Notification.objects.values_list("recipient_id", "count")) == {ana.pk: 2, ben.pk: 1}
    assert set(Notification.objects.values_list("subject", flat=True)) == {"Again"}
    settle()
    check()


def test_an_empty_key_would_make_all_one(ana: Any) -> None:
    with pytest.raises(InvalidContent, match="collapse_key is empty"):
        send_notification(ana, "stock_alert", "x", collapse_key="")


def test_what_is_more_urgent_is_a_row_of_its_own(ana: Any) -> None:
    made = [send(ana, priority=priority)["created"] for priority in ("low", "critical", "low", "critical", "high")]
    assert made == [True, True, False, False, False]
    assert list(Notification.objects.order_by("pk").values_list("priority", "count")) == [("low", 1), ("critical", 4)]


@needs_row_locks
def test_nobody_waits_for_a_hosts_transaction(ana: Any) -> None:
    """Not for its inbox, nor for the row: who cannot have that has one of their own."""
    send(ana, "first")
    with elsewhere(lambda: send(ana, "second")):
        started = time.monotonic()
        assert send(ana, "third")["created"]
        assert send_notification(ana, "order_ready", "Plain")["created"]
        assert time.monotonic() - started < 0.9
    settle()
    assert sorted(Notification.objects.values_list("subject", "count")) == [("Plain", 1), ("second", 2), ("third", 1)]
    check(ana)


@needs_row_locks
def test_two_transactions_that_tell_two_people_do_not_deadlock(ana: Any, ben: Any) -> None:
    both = threading.Barrier(2)

    def work(number: int) -> None:
        first, second = (ana, ben) if number else (ben, ana)
        with transaction.atomic():
            send_notification(first, "order_ready", "x", collapse_key=f"a{number}")
            both.wait()
            send_notification(second, "order_ready", "x", collapse_key=f"b{number}")

    at_once(work, 2)
    settle()
    assert Notification.objects.filter(pending=False).count() == 4


@needs_row_locks
def test_an_inbox_that_somebody_holds_makes_no_send_fail(ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"LOCK_TIMEOUT_SECONDS": 0.2}
    send(ana, "first")
    with elsewhere(lambda: Inbox.objects.select_for_update().get(pk=ana.pk)):
        assert not send(ana, "again")["created"]
    settle()
    assert Notification.objects.get().count == 2


def test_words_by_hand_collapse_where_the_key_needs_no_context(ana: Any, a_type: Callable[..., Any]) -> None:
    a_type("news", subject="{{ what }}", collapse=Collapse("all"))
    a_type("visit", subject="{{ who }}", collapse=Collapse("{{ page }}"))
    assert [send_notification(ana, "news", "By hand")["created"] for _ in range(2)] == [True, False]
    assert [send_notification(ana, "visit", "By hand")["created"] for _ in range(2)] == [True, True]
    with pytest.raises(MissingContext, match="collapse of type 'visit' needs 'page'"):
        send_notification(ana, "visit", context={"who": "Ben"})
