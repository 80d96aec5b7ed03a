"""What becomes of a delivery when it is due."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications.delivery import worker
from notifications.delivery.attempts import deliver
from notifications.delivery.base import Channel, Message
from notifications.delivery.circuit import states as channel_states
from notifications.delivery.claims import claim
from notifications.delivery.errors import TemporaryError
from notifications.delivery.stop import Stop
from notifications.models import Delivery, Notification, Preference, Reason, Status
from notifications.observability.metrics import METRICS
from notifications.preferences.services import update_preferences
from notifications.signals import delivery_wanted

from .conftest import Configure, state
from .rows import count, notify, people, queue, states
from .wire import Provider, accept

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock(configure: Configure) -> Any:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def drain() -> int:
    return worker.drain(using="default")


def test_it_is_sent_once_and_the_answer_is_kept(provider: Provider) -> None:
    (row,) = queue(notify(people(1), "Paper is out", message="Order more."))

    assert drain() == 1
    assert drain() == 0

    assert list(provider.texts.values()) == ["Paper is out\nOrder more."]
    row.refresh_from_db()
    assert (row.status, row.reason, row.answer, row.attempts) == ("sent", "", "accepted", 1)
    assert (row.finished_at, row.due_at, row.claim) == (NOW, None, None)
    assert state().last_sent_at == NOW


def test_what_went_out_is_noted_though_the_database_was_away_for_a_moment(provider: Provider) -> None:
    rows = queue(notify(people(1) * 2))
    away = iter([True])

    def fail(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        if provider.calls and sql.startswith("UPDATE") and "ntf_delivery" in sql and next(away, False):
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, *rest)

    with connection.execute_wrapper(fail):
        drain()

    assert next(away, None) is None
    assert states(rows) == [("sent", "")] * 2
    assert len(provider.calls) == 2


def test_what_is_read_while_others_are_sent_is_not(provider: Provider) -> None:
    rows = queue(notify(people(1) * 2))

    def accept_and_read(key: str) -> Any:
        Notification.objects.filter(pk=rows[1].notification_id).update(read_at=NOW)
        return accept(key)

    provider.answer = accept_and_read
    drain()
    assert states(rows) == [("sent", ""), ("skipped", Reason.READ)]
    assert len(provider.calls) == 1


def test_languages_are_asked_for_once(provider: Provider) -> None:
    queue(notify(people(10)))
    with CaptureQueriesContext(connection) as queries:
        drain()
    asked = [query for query in queries if '"language"' in query["sql"] or "`language`" in query["sql"]]
    assert len(asked) == 1
    assert count(status=Status.SENT) == 10


def test_no_provider_is_called_by_whoever_sends(provider: Provider) -> None:
    """However long it would take to answer: the transaction that sends writes a row, and that is all."""
    never = threading.Event()
    provider.answer = lambda key: (200 if never.wait(60) else 503, {})
    users = people(10)
    with transaction.atomic():
        rows = notify(users)
        ids = {row.recipient_id: row.pk for row in rows}
        delivery_wanted.send(Notification, content=rows[0], ids=ids, channels=["wire"], using="default")
    assert provider.calls == []
    assert count(status=Status.QUEUED, attempts=0, due_at=NOW) == 10


def test_it_is_tried_again_later_each_time_under_the_same_key(provider: Provider, clock: Any) -> None:
    (row,) = queue(notify(people(1)))
    answers = iter([503, 503, 200])
    provider.answer = lambda key: (next(answers), {})
    for attempt, longest in enumerate([30, 60], start=1):
        drain()
        row.refresh_from_db()
        assert (row.status, row.reason, row.attempts, row.answer) == ("queued", "retry", attempt, "answered 503")
        pause = (row.due_at - datetime.now(UTC)).total_seconds()
        assert longest / 2 <= pause <= longest
        clock.move_to(row.due_at)
    drain()
    row.refresh_from_db()
    assert (row.status, row.reason, row.attempts, row.answer) == ("sent", "", 3, "accepted")
    assert len(provider.calls) == 3
    assert len(set(provider.calls)) == 1


def test_each_delivery_has_a_key_of_its_own(provider: Provider) -> None:
    queue(notify(people(1) * 2))
    drain()
    assert len(provider.accepted) == 2


def test_after_the_last_attempt_it_has_failed_with_the_error(
    configure: Configure, provider: Provider, clock: Any
) -> None:
    configure(DELIVERY_ATTEMPTS=3, DELIVERY_RETRY_SECONDS=1.0)
    rows = queue(notify(people(1)))
    provider.answer = lambda key: (503, {})
    for _ in range(5):
        drain()
        clock.shift(60)
    assert states(rows) == [("failed", Reason.GAVE_UP)]
    assert (Delivery.objects.get().answer, Delivery.objects.get().attempts) == ("answered 503", 3)
    assert len(provider.calls) == 3


def test_what_is_read_expired_or_deleted_by_then_is_not_sent(provider: Provider) -> None:
    (ana,) = people(1)
    rows = [
        *queue(notify([ana], read_at=NOW)),
        *queue(notify([ana], expires_at=NOW)),
        *queue(notify([ana], deleted_at=NOW)),
    ]
    drain()
    assert states(rows) == [("skipped", Reason.READ), ("skipped", Reason.EXPIRED), ("skipped", Reason.DELETED)]
    assert provider.calls == []
    assert count(attempts=0, finished_at=NOW) == 3


def test_who_has_changed_their_mind_gets_nothing(provider: Provider) -> None:
    (ana,) = people(1)
    rows = queue(notify([ana]))
    update_preferences(ana, {"types": {"stock_alert": False}})
    drain()
    assert states(rows) == [("skipped", Reason.TYPE_OFF)]
    assert provider.calls == []


def test_in_quiet_hours_it_waits_and_costs_no_attempt(provider: Provider, clock: Any) -> None:
    (ana,) = people(1)
    rows = queue(notify([ana]))
    Preference.objects.create(user=ana, quiet_hours_enabled=True, quiet_hours_start="11:00", quiet_hours_end="14:00")
    drain()
    assert states(rows) == [("queued", Reason.QUIET_HOURS)]
    assert Delivery.objects.values_list("due_at", "attempts", "claim").get() == (NOW + 2 * HOUR, 0, None)
    clock.shift(2 * HOUR)
    drain()
    assert states(rows) == [("sent", "")]


class OneOfItsOwn(Channel):
    """A site's, with a fault."""

    def send(self, message: Message, address: Any) -> str:
        if "fault" in message.subject:
            raise ZeroDivisionError("a fault")
        if "busy" in message.subject:
            raise TemporaryError("this address is busy", provider=False)
        return ""


@pytest.fixture
def own(configure: Configure) -> None:
    configure(CHANNELS={"own": {"BACKEND": f"{__name__}.OneOfItsOwn"}}, CIRCUIT_FAILURES=2)


def test_an_unexpected_error_is_kept_and_tried_again(own: None, caplog: pytest.LogCaptureFixture) -> None:
    (ana,) = people(1)
    rows = queue(notify([ana], "a fault"), "own") + queue(notify([ana], "fine"), "own")
    drain()
    assert states(rows) == [("queued", "retry"), ("sent", "")]
    assert Delivery.objects.get(pk=rows[0].pk).answer == "ZeroDivisionError: a fault"
    assert "a delivery channel raised an error of its own" in caplog.text


def test_an_address_that_is_busy_says_nothing_of_the_provider(own: None) -> None:
    rows = queue(notify(people(1) * 5, "busy"), "own")
    drain()
    assert states(rows) == [("queued", "retry")] * 5
    assert (state("own").failures, state("own").open_until) == (0, None)


def test_a_message_that_cannot_be_built_says_nothing_of_the_provider(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> Any:
        raise LookupError("a fault in a host's model")

    monkeypatch.setattr("notifications.models.Notification.link", property(fail))
    queue(notify(people(1) * 7))
    drain()
    assert count(status=Status.QUEUED, reason="retry", answer="LookupError: a fault in a host's model") == 7
    assert provider.calls == []
    assert state().failures == 0


def test_an_answer_is_kept_as_far_as_people_read_it(
    configure: Configure, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OneOfItsOwn, "send", lambda *_: "x" * 1_000_000)
    configure(CHANNELS={"own": {"BACKEND": f"{__name__}.OneOfItsOwn"}})
    queue(notify(people(1)), "own")
    drain()
    assert Delivery.objects.get().answer == "x" * 2_000


def test_who_is_asked_to_stop_finishes_one_and_gives_back_the_rest(provider: Provider) -> None:
    queue(notify(people(1) * 5))
    stop = Stop()

    def accept_and_stop(key: str) -> Any:
        stop.set()
        return accept(key)

    provider.answer = accept_and_stop
    found = claim("wire", channel_states(["wire"], using="default")["wire"], limit=25, using="default")
    assert found is not None
    deliver(found, stop=stop, using="default")

    assert len(provider.calls) == 1
    assert count(status=Status.SENT, attempts=1) == 1
    assert count(status=Status.QUEUED, attempts=0, claim=None, due_at=NOW) == 4


def test_outcomes_are_counted(provider: Provider) -> None:
    total = METRICS["deliveries_total"]
    outcomes = ["sent", "skipped", "failed", "retried", "delayed"]
    before = {outcome: total.value("wire", outcome) for outcome in outcomes}
    (ana, ben) = people(2)
    Preference.objects.create(user=ben, quiet_hours_enabled=True, quiet_hours_start="11:00", quiet_hours_end="14:00")
    answers = iter([200, 503, 400])
    provider.answer = lambda key: (next(answers), {})
    queue(notify([ana, ana, ana, ben]))
    queue(notify([ana], read_at=NOW))
    drain()
    assert {outcome: total.value("wire", outcome) - before[outcome] for outcome in outcomes} == dict.fromkeys(
        outcomes, 1
    )
