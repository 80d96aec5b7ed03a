"""Never more than a channel's rate allows, and one worker knows what another has used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from notifications.delivery import circuit, claims, rates, worker
from notifications.delivery.rates import Rate, parse, places
from notifications.models import ChannelState, Delivery, Reason, Status
from tests.inbox.workers import at_once, needs_row_locks

from .conftest import Configure, state
from .rows import count, notify, people, queue, states
from .wire import Provider

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/s", Rate(100, 1)),
        ("20/m", Rate(20, 60)),
        ("500/h", Rate(500, 3_600)),
        ("1000/d", Rate(1_000, 86_400)),
        ("20/10m", Rate(20, 600)),
    ],
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert parse(text) == rate


@pytest.mark.parametrize("text", ["", "100", "0/s", "1/w", "1/0s", "-1/s", "1.5/s", "1/s ", "١/s", "s/1", 5])
def test_what_is_no_rate_is_told_what_one_looks_like(text: Any) -> None:
    with pytest.raises(ValueError, match=r"is no rate\. Write '100/s'"):
        parse(text)


@given(
    rate=st.builds(Rate, st.integers(1, 50), st.sampled_from([1, 60, 3_600])),
    looks=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 40)), min_size=1, max_size=40),
)
def test_in_any_window_there_are_never_more_than_allowed(rate: Rate, looks: list[tuple[float, int]]) -> None:
    """Whenever workers look, and however many rows they would take."""
    state, now, gone = ChannelState(channel="wire"), NOW, []
    for seconds, limit in looks:
        now += timedelta(seconds=seconds)
        most, first = places(state, rate, now, limit=limit)
        assert most <= limit
        gone += [first + rate.interval * number for number in range(most)]
        if most:
            state.next_at = first + rate.interval * most
    window = timedelta(seconds=rate.seconds) - timedelta(milliseconds=1)
    for number, moment in enumerate(gone):
        assert sum(1 for later in gone[number:] if later - moment < window) <= rate.count


def test_without_a_rate_all_may_go_at_once() -> None:
    assert places(ChannelState(channel="wire"), None, NOW, limit=25) == (25, NOW)


@pytest.mark.django_db(transaction=True)
class TestOfTheProvider:
    @pytest.fixture(autouse=True)
    def clock(self) -> Any:
        with time_machine.travel(NOW, tick=False) as clock:
            yield clock

    def claim(self, limit: int = 25) -> claims.Claim | None:
        return claims.claim("wire", circuit.states(["wire"], using="default")["wire"], limit=limit, using="default")

    def test_what_goes_within_a_second_is_taken_and_the_rest_left(self, configure: Configure, clock: Any) -> None:
        configure(channel={"RATE": "5/s"})
        queue(notify(people(1) * 20))

        first = self.claim()

        assert first is not None
        assert (len(first.deliveries), first.first_at, first.interval) == (6, NOW, SECOND / 5)
        assert self.claim() is None  # another worker's
        clock.move_to(NOW + SECOND)
        second = self.claim()
        assert second is not None
        assert (len(second.deliveries), second.first_at) == (5, NOW + 1.2 * SECOND)

    def test_slower_than_one_a_second(self, configure: Configure, clock: Any) -> None:
        configure(channel={"RATE": "20/m"})
        queue(notify(people(1) * 20))
        taken = []
        for _ in range(59):
            taken += getattr(self.claim(), "deliveries", [])
            clock.shift(1)
        assert len(taken) == 20

    def test_a_provider_that_is_busy_is_left_alone_for_as_long_as_it_asks(
        self, configure: Configure, provider: Provider, clock: Any
    ) -> None:
        queue(notify(people(1) * 10))
        provider.answer = lambda key: (429, {"Retry-After": "90"})

        worker.drain(using="default")
        worker.drain(using="default")

        assert len(provider.calls) == 1
        assert state().next_at == NOW + 90 * SECOND
        assert count(status=Status.QUEUED, attempts=0) == 9
        provider.answer = lambda key: (200, {})
        clock.move_to(NOW + 91 * SECOND)
        worker.drain(using="default")
        assert count(status=Status.SENT) == 10

    def test_for_ten_minutes_at_most(self, configure: Configure) -> None:
        rates.pause("wire", 1e9, using="default")
        assert state().next_at == NOW + timedelta(minutes=10)
        rates.pause("wire", 1, using="default")  # never shorter than somebody said
        assert state().next_at == NOW + timedelta(minutes=10)

    @needs_row_locks
    def test_several_workers_share_it(self, configure: Configure) -> None:
        configure(channel={"RATE": "10/s"})
        queue(notify(people(1) * 50))
        taken = [claim for claim in at_once(lambda _: self.claim(limit=4), 8) if claim is not None]
        moments = [claim.first_at + claim.interval * n for claim in taken for n in range(len(claim.deliveries))]
        assert len(set(moments)) == len(moments) <= 11
        assert Delivery.objects.exclude(claim=None).count() == len(moments)


@pytest.mark.django_db(transaction=True)
class TestOfAPerson:
    @pytest.fixture(autouse=True)
    def clock(self, configure: Configure) -> Any:
        configure(channel={"USER_RATE": "2/h"})
        with time_machine.travel(NOW, tick=False) as clock:
            yield clock

    def test_who_had_enough_waits_and_others_do_not(self, clock: Any) -> None:
        ana, ben = people(2)
        rows = queue(notify([ana, ana, ana, ben]))

        worker.drain(using="default")

        assert states(rows) == [("sent", ""), ("sent", ""), ("queued", Reason.RATE_LIMIT), ("sent", "")]
        waiting = Delivery.objects.get(status=Status.QUEUED)
        assert (waiting.due_at, waiting.attempts, waiting.claim) == (NOW + timedelta(hours=1), 0, None)
        clock.shift(timedelta(hours=1))
        worker.drain(using="default")
        assert count(status=Status.SENT) == 4

    def take(self, limit: int) -> list[Delivery]:
        found = claims.claim("wire", circuit.states(["wire"], using="default")["wire"], limit=limit, using="default")
        return found.deliveries if found else []

    def test_claims_that_are_under_way_at_once_count_each_other(self, clock: Any) -> None:
        queue(notify(people(1) * 6))
        first, second = self.take(3), self.take(3)
        assert claims.begin(first[0], using="default")
        assert claims.begin(second[0], using="default")
        for row in (first[1], second[1]):
            with pytest.raises(rates.TooMany) as caught:
                claims.begin(row, using="default")
            assert caught.value.until == NOW + 5 * SECOND  # one of them may fail
        assert count(attempts=0) == 4
        claims.put_off(first[0], Reason.RETRY, NOW + timedelta(hours=9), using="default")
        assert claims.begin(first[1], using="default")
        clock.shift(1)
        claims.finish(first[1], Status.SENT, using="default")
        claims.finish(second[0], Status.SENT, using="default")
        with pytest.raises(rates.TooMany) as caught:
            claims.begin(second[1], using="default")
        assert caught.value.until == NOW + timedelta(hours=1, seconds=1)

    def test_several_workers_never_send_too_many(self) -> None:
        """Each has looked when nothing was sent yet."""
        queue(notify(people(1) * 8))
        taken = [self.take(1)[0] for _ in range(8)]

        def begin(number: int) -> bool:
            try:
                return claims.begin(taken[number], using="default")
            except rates.TooMany:
                return False

        assert sum(at_once(begin, 8)) == 2
        assert count(attempts=1) == 2

    def test_a_worker_that_meets_another_s_waits_a_little(self, provider: Provider) -> None:
        rows = queue(notify(people(1) * 3))
        for row in self.take(2):
            claims.begin(row, using="default")
        worker.drain(using="default")
        assert provider.calls == []
        assert states(rows[2:]) == [("queued", Reason.RATE_LIMIT)]
        assert Delivery.objects.get(pk=rows[2].pk).due_at == NOW + 5 * SECOND

    def test_what_is_critical_does_not_wait(self, provider: Provider) -> None:
        (ana,) = people(1)
        queue(notify([ana] * 5, priority="critical"))
        worker.drain(using="default")
        assert len(provider.calls) == 5

    @pytest.mark.parametrize(("status", "reason"), [(400, Reason.REFUSED), (425, Reason.RETRY)])
    def test_what_a_persons_address_refuses_counts(self, provider: Provider, status: int, reason: str) -> None:
        ana, ben = people(2)
        provider.answer = lambda key: (status, {})
        rows = queue(notify([ana, ana, ana, ben]))
        worker.drain(using="default")
        assert [said for _, said in states(rows)] == [reason, reason, Reason.RATE_LIMIT, reason]
        assert len(provider.calls) == 3

    def test_so_does_what_was_refused_in_an_earlier_round(self, provider: Provider) -> None:
        (ana,) = people(1)
        provider.answer = lambda key: (400, {})
        queue(notify([ana] * 2))
        worker.drain(using="default")
        more = queue(notify([ana]))
        worker.drain(using="default")
        assert states(more) == [("queued", Reason.RATE_LIMIT)]

    def test_a_provider_that_is_down_uses_nobodys_share_up(self, provider: Provider) -> None:
        (ana,) = people(1)
        provider.answer = lambda key: (503, {})
        rows = queue(notify([ana] * 3))
        worker.drain(using="default")
        assert [said for _, said in states(rows)] == [Reason.RETRY] * 3

    def test_what_came_in_one_digest_was_one(self) -> None:
        (ana,) = people(1)
        carrier = Delivery.objects.create(recipient=ana, channel="wire", status=Status.SENT, finished_at=NOW)
        rows = queue(notify([ana] * 3))
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=Status.SENT, digest=carrier, finished_at=NOW, due_at=None
        )
        more = queue(notify([ana] * 2))
        worker.drain(using="default")
        assert states(more) == [("sent", ""), ("queued", Reason.RATE_LIMIT)]
