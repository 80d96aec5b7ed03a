"""Worker processes: any number of them, stopped or killed at any moment."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from notifications.delivery import worker
from notifications.models import ChannelState, Delivery, Notification, Status

from .conftest import Configure, notifications_setting
from .processes import WorkerProcess
from .rows import count, notify, people, queue, queue_for_digest, want_digest
from .wire import Provider, accept

pytestmark = pytest.mark.django_db(transaction=True)

SQLITE = "__import__('django.db').db.connection.vendor == 'sqlite'"


@pytest.fixture
def start(provider: Provider) -> Any:
    """Start a worker process; all are killed when the test ends."""
    begun: list[WorkerProcess] = []

    def start(*arguments: str, channel: dict[str, Any] | None = None, **notifications: Any) -> WorkerProcess:
        setting = notifications_setting(provider, channel=channel, **notifications)
        begun.append(WorkerProcess(*arguments, **setting))
        return begun[-1]

    yield start
    for each in begun:
        each.kill()


Start = Callable[..., WorkerProcess]


def fill(number: int) -> None:
    """So many deliveries, to a hundred people."""
    users = people(100)
    queue(notify([users[n % 100] for n in range(number)]))


@pytest.mark.timeout(300)
def test_workers_killed_twenty_times_in_two_thousand_deliveries(start: Start, provider: Provider) -> None:
    fill(2_000)
    # On SQLite one worker at a time.
    several = 1 if connection.vendor == "sqlite" else 2
    short = {"DELIVERY_LEASE_SECONDS": 2.0}
    running = [start(**short) for _ in range(several)]
    for kill in range(1, 21):
        provider.until_accepted(kill * 90)
        running.pop(0).kill()
        running.append(start(**short))

    provider.until_accepted(2_000)
    for each in running:
        each.signal(signal.SIGTERM)
        assert each.ended() == 0
    start("--once", **short).ended()

    assert count(status=Status.SENT) == 2_000
    # What was under way at a kill is told again, by the same key: of each worker at most one in each thread.
    assert len(provider.accepted) == 2_000
    assert len(provider.calls) - 2_000 <= 20 * 4
    assert max(provider.accepted.values()) <= 3


@pytest.mark.timeout(300)
@pytest.mark.skipif(SQLITE, reason="SQLite has one writer")
def test_two_workers_drain_ten_thousand_and_take_none_twice(start: Start, provider: Provider) -> None:
    fill(10_000)
    workers = [start("--once") for _ in range(2)]
    assert [each.ended(seconds=280) for each in workers] == [0, 0]
    assert Counter(provider.calls).most_common(1)[0][1] == 1
    assert len(provider.calls) == 10_000
    assert count(status=Status.SENT, attempts=1) == 10_000


@pytest.mark.skipif(f"not {SQLITE}", reason="of SQLite only")
def test_one_worker_drains_sqlite(start: Start, provider: Provider) -> None:
    fill(1_000)
    assert start("--once").ended() == 0
    assert (len(provider.calls), len(provider.accepted)) == (1_000, 1_000)
    assert count(status=Status.SENT, attempts=1) == 1_000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_finish_what_it_is_sending_and_give_back_the_rest(
    start: Start, provider: Provider, number: signal.Signals
) -> None:
    fill(30)
    go = threading.Event()

    def wait(key: str) -> Any:
        go.wait(30)
        return accept(key)

    provider.answer = wait
    running = start("--concurrency", "1")
    provider.until_called(1)
    running.signal(number)
    running.until_logged("worker stops")
    assert running.process.poll() is None
    go.set()

    assert running.ended() == 0
    assert "Traceback" not in running.text
    assert len(provider.calls) == 1
    assert count(status=Status.SENT, attempts=1) == 1
    assert count(status=Status.QUEUED, attempts=0, claim=None, due_at__lte=timezone.now()) == 29


def test_one_that_waits_stops_at_once(start: Start, provider: Provider, tmp_path: Path) -> None:
    fill(1)
    running = start()
    provider.until_accepted(1)
    running.signal(signal.SIGTERM)
    assert running.ended(seconds=20) == 0


def test_a_slow_channel_leaves_a_thread_to_the_others(start: Start, provider: Provider) -> None:
    users = people(100)
    queue(notify(users))
    go = threading.Event()

    def answer(key: str) -> Any:
        if not only_fast.is_set():
            go.wait(30)
        return accept(key)

    only_fast = threading.Event()
    provider.answer = answer
    with Provider() as quick:
        quick_channel = {"BACKEND": "tests.delivery.wire.WireChannel", "URL": quick.url}
        start("--concurrency", "2", CHANNELS={"quick": quick_channel})
        provider.until_called(1)
        queue(notify(users), "quick")
        quick.until_accepted(100)
        assert len(provider.calls) == 1
        only_fast.set()
        go.set()
        provider.until_accepted(100)


def test_digests_are_gathered_on_the_way(start: Start, provider: Provider) -> None:
    users = people(20)
    want_digest(users)
    queue_for_digest(users)
    start()
    provider.until_accepted(20)


def test_it_does_what_a_server_process_does(start: Start, provider: Provider) -> None:
    """A site without one has its notifications numbered, expanded and expired nevertheless."""
    (ana,) = people(1)
    (row,) = QuerySet(Notification).bulk_create([Notification(recipient=ana, type="stock_alert", subject="x")])
    (late,) = notify([ana], expires_at=timezone.now())
    assert start("--once").ended() == 0
    row.refresh_from_db()
    late.refresh_from_db()
    assert row.seq is not None
    assert late.deleted_at is not None


def until(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Another process writes it, and there is no event to wait for: the database is asked."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end


def test_what_expires_is_looked_for_now_and_then(start: Start) -> None:
    """Not as often as what waits to be numbered."""
    (ana,) = people(1)

    def until_numbered() -> None:
        (row,) = QuerySet(Notification).bulk_create([Notification(recipient=ana, type="stock_alert", subject="x")])
        until(lambda: Notification.objects.filter(pk=row.pk, pending=False).exists())

    notify([ana], expires_at=timezone.now())
    start(SWEEP_SECONDS=0.05, EXPIRE_SECONDS=3_600.0)
    until(lambda: Notification.objects.filter(deleted_at__isnull=False).exists())
    (late,) = notify([ana], expires_at=timezone.now())
    for _ in range(2):  # the second is seen by a round that began after the first one's was over
        until_numbered()
    late.refresh_from_db()
    assert late.deleted_at is None


class TestOnce:
    """In the process of the test."""

    def test_it_sends_what_is_due_in_this_very_transaction(self, configure: Configure, provider: Provider) -> None:
        fill(3)
        call_command("notifications_worker", once=True, concurrency=1)
        assert len(provider.accepted) == 3

    def test_only_the_channels_named(self, configure: Configure, provider: Provider) -> None:
        configure(CHANNELS={"other": {"BACKEND": "tests.delivery.wire.WireChannel", "URL": provider.url}})
        users = people(1)
        queue(notify(users), "wire")
        queue(notify(users), "other")
        call_command("notifications_worker", once=True, concurrency=1, channels="other")
        assert list(Delivery.objects.filter(status=Status.SENT).values_list("channel", flat=True)) == ["other"]

    def test_it_waits_for_a_rate_but_not_for_a_channel_that_is_down(
        self, configure: Configure, provider: Provider
    ) -> None:
        configure(channel={"RATE": "50/s"})
        fill(60)
        call_command("notifications_worker", once=True, concurrency=1)
        assert len(provider.accepted) == 60
        ChannelState.objects.update(open_until=timezone.now() + timedelta(hours=1))
        queue(notify(people(1, "more")))
        call_command("notifications_worker", once=True, concurrency=1)
        assert len(provider.accepted) == 60

    def test_with_threads(self, configure: Configure, provider: Provider) -> None:
        fill(120)
        call_command("notifications_worker", once=True, concurrency=3)
        assert len(provider.calls) == len(provider.accepted) == 120
        assert count(status=Status.SENT) == 120


def test_a_channel_that_is_none_is_refused_with_those_there_are(configure: Configure) -> None:
    with pytest.raises(CommandError, match=r"has no 'wier'\. It has: wire\."):
        call_command("notifications_worker", once=True, channels="wier")


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5"])
def test_concurrency_is_a_number(given: str) -> None:
    with pytest.raises(CommandError, match="is not a whole number above 0"):
        call_command("notifications_worker", f"--concurrency={given}")


class TestHealth:
    def test_a_running_worker_touches_the_file(self, start: Start, tmp_path: Path, provider: Provider) -> None:
        path = tmp_path / "healthy"
        fill(1)
        start("--health-file", str(path))
        provider.until_accepted(1)
        assert start("--check-health", str(path)).ended() == 0

    def test_nobody_has(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="Is one running with --health-file"):
            call_command("notifications_worker", check_health=tmp_path / "none")

    def test_not_for_a_while(self, tmp_path: Path) -> None:
        path = tmp_path / "old"
        path.touch()
        os.utime(path, (0, 0))
        with pytest.raises(CommandError, match="it hangs, or its database does not answer"):
            call_command("notifications_worker", check_health=path)

    def test_not_while_the_database_does_not_answer(self, tmp_path: Path, configure: Configure) -> None:
        path = tmp_path / "ill"
        one = worker.Worker(concurrency=1, health_file=path, using="default")

        def fail(*args: Any) -> Any:
            one.ask_to_stop()
            raise worker.DatabaseError("gone")

        with connection.execute_wrapper(fail):
            one.run()
        assert not path.exists()
