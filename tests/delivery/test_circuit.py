"""A provider that is down is asked now and then, not by every delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from notifications.delivery import circuit, claims, worker
from notifications.delivery.base import Channel, Message
from notifications.models import Delivery, Reason, Status
from notifications.observability.metrics import METRICS
from tests.inbox.workers import at_once, needs_row_locks

from .conftest import Configure, state
from .rows import count, notify, people, queue, states
from .wire import Provider, accept, refuse_all

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(configure: Configure) -> Any:
    configure(CIRCUIT_FAILURES=3, CIRCUIT_SECONDS=30.0, DELIVERY_RETRY_SECONDS=4_000.0, DELIVERY_ATTEMPTS=50)
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def drain() -> None:
    worker.drain(using="default")


def test_after_several_failures_in_a_row_nothing_is_tried(provider: Provider) -> None:
    queue(notify(people(1) * 10))
    provider.answer = refuse_all

    drain()
    drain()

    assert len(provider.calls) == 3
    assert count(status=Status.QUEUED, reason=Reason.RETRY, attempts=1) == 3
    # The others were never begun: they keep their attempts, and are due when the provider answers.
    assert count(status=Status.QUEUED, reason="", attempts=0, claim=None, due_at__lte=NOW) == 7
    assert (state().failures, state().open_until) == (3, NOW + timedelta(seconds=30))
    assert (state().last_error, state().last_failed_at) == ("answered 503", NOW)


def test_then_one_attempt_decides_and_each_pause_is_twice_as_long(provider: Provider, clock: Any) -> None:
    queue(notify(people(1) * 20))
    provider.answer = refuse_all
    drain()
    now = NOW
    for tries, pause in enumerate([30, 60, 120, 240, 480, 600, 600]):
        assert state().open_until == now + timedelta(seconds=pause)
        clock.shift(pause - 1)
        drain()
        assert len(provider.calls) == 3 + tries
        clock.shift(1)
        drain()
        assert len(provider.calls) == 3 + tries + 1
        now += timedelta(seconds=pause)


def test_one_that_works_closes_it_and_all_go_out(provider: Provider, clock: Any) -> None:
    rows = queue(notify(people(1) * 10))
    provider.answer = refuse_all
    drain()
    provider.answer = accept
    clock.shift(30)

    drain()

    assert states(rows) == [("queued", "retry")] * 3 + [("sent", "")] * 7
    assert (state().failures, state().open_until, state().last_sent_at) == (0, None, NOW + timedelta(seconds=30))


def test_a_success_in_between_begins_the_count_anew(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    queue(notify(people(1) * 12))
    answers = iter([503, 503, 200] * 4)
    provider.answer = lambda key: (next(answers), {})
    drain()
    assert len(provider.calls) == 12
    assert state().open_until is None
    assert "left alone" not in caplog.text


def test_a_refusal_is_an_answer(provider: Provider) -> None:
    rows = queue(notify(people(1) * 5))
    provider.answer = lambda key: (400, {})
    drain()
    assert states(rows) == [("failed", Reason.REFUSED)] * 5
    assert Delivery.objects.filter(answer="answered 400").count() == 5
    assert (state().failures, state().last_sent_at) == (0, None)  # no success either


def refuse_for_good(key: str) -> Any:
    return 400, {}


def test_a_provider_that_refuses_everybody_does_not_empty_the_queue(provider: Provider, clock: Any) -> None:
    rows = queue(notify(people(10)))
    provider.answer = refuse_for_good

    drain()
    drain()

    assert states(rows) == [("failed", Reason.REFUSED)] * 3 + [("queued", "")] * 7
    assert (state().failures, state().open_until) == (3, NOW + timedelta(seconds=30))
    assert (state().last_error, state().last_sent_at) == ("answered 400", None)
    clock.shift(30)
    drain()  # one attempt decides
    assert len(provider.calls) == 4
    assert state().open_until == NOW + timedelta(seconds=30 + 60)
    provider.answer = accept
    clock.shift(60)
    drain()
    assert states(rows) == [("failed", Reason.REFUSED)] * 4 + [("sent", "")] * 6
    assert (state().failures, state().refused, state().open_until) == (0, [], None)


def test_some_addresses_that_are_wrong_are_not_everybody(provider: Provider) -> None:
    queue(notify(people(12)))
    answers = iter([400, 400, 200] * 4)
    provider.answer = lambda key: (next(answers), {})
    drain()
    assert len(provider.calls) == 12
    assert state().failures == 0


def test_refusals_of_several_claims_count_together(provider: Provider) -> None:
    provider.answer = refuse_for_good
    for person in people(5):
        queue(notify([person]))
        drain()
    assert len(provider.calls) == 3


def test_a_refusal_on_trial_says_that_a_provider_is_back(provider: Provider, clock: Any) -> None:
    queue(notify(people(1) * 6))
    provider.answer = refuse_all
    drain()
    provider.answer = refuse_for_good
    clock.shift(30)
    drain()
    assert len(provider.calls) == 6
    assert (state().failures, state().open_until, state().last_sent_at) == (0, None, None)


def test_a_channel_that_cannot_even_be_opened_costs_no_attempts(configure: Configure, provider: Provider) -> None:
    configure(channel={"URL": "http://127.0.0.1:1"}, CIRCUIT_FAILURES=3)
    queue(notify(people(1) * 10))
    for _ in range(5):
        drain()
    assert count(status=Status.QUEUED, attempts=0, reason="", claim=None) == 10
    assert (state().failures, state().open_until) == (3, NOW + timedelta(seconds=30))
    assert "refused" in state().last_error


def test_a_backend_that_is_none_opens_it_at_once(configure: Configure) -> None:
    configure(CHANNELS={"pager": {"BACKEND": "tests.delivery.wire.NoSuchChannel"}})
    queue(notify(people(1) * 2), "pager")
    drain()
    assert "NoSuchChannel" in state("pager").last_error
    assert state("pager").open_until == NOW + timedelta(seconds=30)
    assert count(status=Status.QUEUED, attempts=0, claim=None) == 2


def test_a_trial_with_nothing_to_send_is_left_to_the_next(provider: Provider, clock: Any) -> None:
    queue(notify(people(1) * 4))
    provider.answer = refuse_all
    drain()
    provider.answer = accept
    Delivery.objects.filter(attempts=0).update(due_at=NOW + timedelta(hours=1))
    queue(notify(people(1, "reader"), read_at=NOW))
    clock.shift(30)
    drain()
    assert (state().failures, circuit.is_open(state(), NOW + timedelta(seconds=30))) == (3, False)
    clock.shift(timedelta(hours=1))
    drain()
    assert state().failures == 0


def test_failures_that_were_under_way_when_it_opened_make_no_pause_longer() -> None:
    for _ in range(3):
        circuit.failed("wire", "down", using="default")
    for _ in range(5):
        assert circuit.failed("wire", "still down", using="default")
    assert (state().failures, state().open_until) == (3, NOW + timedelta(seconds=30))
    assert state().last_error == "still down"


@needs_row_locks
def test_one_attempt_of_all_workers_decides(clock: Any) -> None:
    queue(notify(people(1) * 10))
    for _ in range(3):
        circuit.failed("wire", "down", using="default")
    clock.shift(30)
    before = circuit.states(["wire"], using="default")["wire"]
    found = [each for each in at_once(lambda _: claims.claim("wire", before, limit=25, using="default")) if each]
    assert [(len(each.deliveries), each.trial) for each in found] == [(1, True)]


def test_if_whoever_tries_dies_another_tries_when_the_claim_ends(clock: Any) -> None:
    queue(notify(people(1) * 2))
    for _ in range(3):
        circuit.failed("wire", "down", using="default")
    clock.shift(30)

    def claim() -> Any:
        return claims.claim("wire", circuit.states(["wire"], using="default")["wire"], limit=9, using="default")

    assert claim().trial
    assert claim() is None
    clock.shift(60)
    assert claim().trial


def test_it_shows_in_the_metrics(provider: Provider) -> None:
    queue(notify(people(1) * 10))
    provider.answer = refuse_all
    before = METRICS["deliveries_total"].value("wire", "retried")
    drain()
    assert METRICS["deliveries_total"].value("wire", "retried") == before + 3
    assert METRICS["deliveries_waiting"].samples() == [(("wire",), 10.0)]
    assert METRICS["delivery_channel_open"].samples() == [(("wire",), 1.0)]


def test_a_database_that_does_not_answer_leaves_the_other_metrics(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*args: Any) -> Any:
        raise ZeroDivisionError("no database")

    with connection.execute_wrapper(fail):
        assert METRICS["deliveries_waiting"].samples() == []
    assert "a metric could not be measured" in caplog.text


@pytest.mark.parametrize("options", [{"ADDRESS": "no_such_field"}, {"BACKEND": f"{__name__}.FailsAtOnce"}])
def test_one_that_is_set_up_wrongly_costs_no_attempts_and_says_why(
    configure: Configure, options: dict[str, Any], provider: Provider
) -> None:
    configure(channel=options)
    queue(notify(people(1) * 2))
    drain()
    assert count(status=Status.QUEUED, attempts=0, claim=None) == 2
    assert state().open_until == NOW + timedelta(seconds=30)
    assert "no_such_field" in state().last_error or "my fault" in state().last_error


class FailsAtOnce(Channel):
    def __init__(self, *_: Any) -> None:
        raise ZeroDivisionError("my fault")

    def send(self, message: Message, address: Any) -> str:
        raise AssertionError
