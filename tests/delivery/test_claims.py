"""Nobody takes what somebody has, and what a dead worker had becomes due by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection

from notifications.delivery import circuit, claims, digests, worker
from notifications.delivery.claims import begin, claim, close_left_over, finish, give_back, next_due, put_off
from notifications.inbox.services import cancel_batch, send_notification
from notifications.models import ChannelState, Delivery, Notification, Reason, Status
from tests.inbox.workers import at_once

from .conftest import Configure
from .rows import count, notify, people, queue, queue_for_digest, states, want_digest
from .wire import Provider

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=60)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock(configure: Configure) -> Any:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def take(name: str = "wire", *, limit: int = 25) -> list[Delivery]:
    found = claim(name, circuit.states([name], using="default")[name], limit=limit, using="default")
    return found.deliveries if found else []


def test_the_oldest_that_are_due_are_taken_with_what_they_are_about() -> None:
    (ana,) = people(1)
    for minutes in (3, -1, 1, 2):
        queue(notify([ana], f"{minutes}"), due_at=NOW - timedelta(minutes=minutes))

    taken = take(limit=2)

    assert [row.notification.subject for row in taken] == ["3", "2"]
    assert {(row.due_at, row.attempts) for row in taken} == {(NOW + LEASE, 0)}
    assert {row.recipient for row in taken} == {ana}
    assert [row.notification.subject for row in take()] == ["1"]
    assert take() == []


def test_only_of_its_channel() -> None:
    queue(notify(people(1)), "pager")
    assert take() == []
    assert len(take("pager")) == 1


def test_what_a_dead_worker_had_is_due_when_its_claim_ends(clock: Any) -> None:
    queue(notify(people(1) * 2))
    (begun, _) = take()
    assert begin(begun, using="default")
    clock.shift(LEASE - timedelta(seconds=1))
    assert take() == []
    clock.shift(1)
    assert sorted(row.attempts for row in take()) == [0, 1]


def test_an_attempt_holds_the_row_for_as_long_again(clock: Any) -> None:
    queue(notify(people(1)))
    (row,) = take()
    clock.shift(50)
    begin(row, using="default")
    clock.shift(50)
    assert take() == []


def test_who_comes_too_late_may_neither_begin_nor_write(clock: Any) -> None:
    queue(notify(people(1)))
    (slow,) = take()
    clock.shift(LEASE)
    (quick,) = take()
    assert not begin(slow, using="default")
    assert not finish(slow, Status.SENT, using="default")
    assert not put_off(slow, Reason.RETRY, NOW, using="default")
    give_back([slow], using="default")
    assert take() == []
    assert finish(quick, Status.SENT, answer="ok", using="default")
    assert not finish(quick, Status.FAILED, using="default")
    assert Delivery.objects.values_list("status", "answer", "due_at", "claim", "finished_at").get() == (
        "sent",
        "ok",
        None,
        None,
        NOW + LEASE,
    )


@pytest.mark.parametrize("fields", [{"read_at": NOW}, {"deleted_at": NOW}])
def test_what_was_read_since_it_was_decided_is_not_begun(fields: dict[str, Any]) -> None:
    queue(notify(people(1)))
    (row,) = take()
    Notification.objects.update(**fields)
    assert not begin(row, using="default")
    assert (row.attempts, count(attempts=0)) == (0, 1)


def test_a_deadlock_is_nobody_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    (row, other, third, carrier) = queue(notify(people(1) * 4))
    take()
    steps: list[Callable[[], bool]] = [
        lambda: begin(row, using="default"),
        lambda: put_off(row, Reason.RETRY, NOW, using="default"),
        lambda: finish(other, Status.SENT, using="default"),
        lambda: digests.finish(carrier, Status.SENT, using="default"),
    ]
    for each in (row, other, third, carrier):
        each.refresh_from_db()
    for step in steps:
        ended = iter([True])

        def deadlock(execute: Any, sql: str, *rest: Any, ended: Any = ended) -> Any:
            if sql.startswith("UPDATE") and next(ended, False):
                raise OperationalError(1213, "Deadlock found when trying to get lock")
            return execute(sql, *rest)

        with connection.execute_wrapper(deadlock):
            assert step()


def test_what_is_given_back_is_due_and_has_cost_nothing() -> None:
    queue(notify(people(1) * 3))
    rows = take()
    finish(rows[0], Status.SENT, using="default")
    give_back(rows, using="default")
    assert [row.attempts for row in take()] == [0, 0]
    assert count(status=Status.SENT) == 1


def test_one_that_kills_whoever_tries_is_given_up(clock: Any, configure: Configure, provider: Provider) -> None:
    configure(DELIVERY_ATTEMPTS=2)
    rows = queue(notify(people(1)))
    for _ in range(2):
        (row,) = take()
        assert begin(row, using="default")  # and dies
        clock.shift(LEASE)
    worker.drain(using="default")
    assert states(rows) == [("failed", Reason.GAVE_UP)]
    assert provider.calls == []
    assert "whoever made them died" in Delivery.objects.get().answer


def test_rows_of_people_and_notifications_that_are_gone_are_closed(provider: Provider) -> None:
    """The database lets both go: no foreign key is checked."""
    ana, ben = people(2)
    lost_notification, lost_person = queue(notify([ana, ben]))
    with connection.cursor() as cursor, connection.constraint_checks_disabled():
        cursor.execute("DELETE FROM ntf_notification WHERE id = %s", [lost_notification.notification_id])
    Delivery.objects.filter(pk=lost_person.pk).update(recipient_id=ben.pk + 1_000_000)

    worker.drain(using="default")

    assert states() == [("skipped", Reason.DELETED), ("skipped", Reason.NO_ADDRESS)]
    assert provider.calls == []


def test_members_of_a_digest_are_not_taken_by_themselves() -> None:
    users = people(2)
    want_digest(users)
    queue_for_digest(users)
    assert take() == []


def test_what_waits_for_a_channel_that_is_no_more_is_closed_after_an_hour(clock: Any) -> None:
    (ana,) = people(1)
    rows = queue(notify([ana]), "carrier_pigeon") + queue(notify([ana]), "wire")
    carrier = Delivery.objects.create(recipient=ana, channel="carrier_pigeon", reason="digest", due_at=NOW)
    member = queue(notify([ana]), "carrier_pigeon", reason="digest")
    Delivery.objects.filter(pk=member[0].pk).update(digest=carrier, due_at=None)
    clock.shift(HOUR - timedelta(seconds=1))
    assert close_left_over(using="default") == 0  # a release that brings it may be starting
    clock.shift(1)
    assert close_left_over(using="default") == 3
    closed = ("skipped", Reason.NOT_CONFIGURED)
    assert states([*rows, carrier, *member]) == [closed, ("queued", ""), closed, closed]


class TestWhenToLookAgain:
    def test_never_if_nothing_waits(self) -> None:
        assert next_due(using="default") is None

    def test_when_the_first_is_due_or_its_claim_ends(self) -> None:
        queue(notify(people(1) * 2), due_at=NOW + HOUR)
        assert next_due(using="default") == NOW + HOUR
        Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk).update(due_at=NOW)
        take()
        assert next_due(using="default") == NOW + LEASE

    def test_of_what_is_to_be_sent_later(self) -> None:
        sent = send_notification(people(1)[0], "stock_alert", "x", send_at=NOW + HOUR)
        assert next_due(using="default") == NOW + HOUR
        cancel_batch(sent["batch_id"])
        assert next_due(using="default") is None

    def test_not_before_its_channel_may_go(self) -> None:
        queue(notify(people(1)))
        circuit.states(["wire"], using="default")
        ChannelState.objects.update(open_until=NOW + HOUR)
        assert next_due(using="default") == NOW + HOUR
        ChannelState.objects.update(open_until=None, next_at=NOW + 2 * HOUR)
        assert next_due(using="default") == NOW + 2 * HOUR


def test_several_at_once_take_each_row_once() -> None:
    queue(notify(people(1) * 300))
    taken = [row.pk for rows in at_once(lambda _: [row for _ in range(8) for row in take(limit=10)]) for row in rows]
    assert len(set(taken)) == len(taken) == 300


@pytest.mark.skipif("not __import__('django.db').db.connection.vendor == 'sqlite'", reason="of SQLite only")
def test_without_row_locks_the_quicker_one_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that looked before either wrote, as under a transaction mode that lets them."""
    (row,) = queue(notify(people(1)))
    update = claims.QuerySet.update

    def somebody_is_quicker(self: Any, **fields: Any) -> int:
        monkeypatch.setattr(claims.QuerySet, "update", update)
        Delivery.objects.filter(pk=row.pk).update(due_at=NOW + LEASE)
        return update(self, **fields)

    monkeypatch.setattr(claims.QuerySet, "update", somebody_is_quicker)
    assert take() == []


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (
            lambda: claims.waiting(using="default").filter(channel="wire", due_at__lte=NOW).order_by("due_at", "pk"),
            "ntf_delivery_due",
        ),
        (
            lambda: Delivery.objects.filter(
                status="queued", reason="digest", digest=None, due_at__lte=NOW, notification__isnull=False
            ).order_by("due_at", "pk"),
            "ntf_delivery_gather",
        ),
        (lambda: Delivery.objects.filter(digest=5, status="queued"), "ntf_delivery_digest"),
        (
            lambda: Delivery.objects.filter(recipient_id=1, channel="wire", finished_at__gt=NOW, status="sent"),
            "ntf_delivery_recipient",
        ),
    ],
)
def test_the_standing_questions_use_their_index(rows: Any, index: str) -> None:
    queue(notify(people(1) * 2_000), "pager", due_at=NOW + HOUR)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {'TABLE ' * (connection.vendor == 'mysql')}ntf_delivery")
    assert index in rows().explain()
