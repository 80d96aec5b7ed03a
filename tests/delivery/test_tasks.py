"""Deliveries run by the site's task backend: proven with its database worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from notifications.delivery.enqueue import enqueue_at
from notifications.inbox.services import send_notification, send_notifications
from notifications.models import Batch, Delivery, Reason, Status
from notifications.signals import delivery_wanted
from tests.inbox.workers import run_python

from .conftest import Configure, notifications_setting
from .processes import WorkerProcess
from .rows import count, notify, people, queue, queue_for_digest, states, want_digest
from .wire import Provider, accept, refuse_all

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def a_backend(configure: Configure) -> None:
    configure(TASK_BACKEND="default")


def send(users: list[Any], channels: tuple[str, ...] = ("wire",), **content: Any) -> None:
    """As the inbox does: the notifications, and in the same transaction what is wanted beside them."""
    with transaction.atomic():
        rows = notify(users, **content)
        ids = {row.recipient_id: row.pk for row in rows}
        delivery_wanted.send(Batch, content=rows[0], ids=ids, channels=channels, using="default")


def tasks() -> list[datetime | None]:
    """When each may run: first those that may at once (``None``)."""
    found = DBTaskResult.objects.order_by("run_after").values_list("run_after", flat=True)
    later = [moment for moment in found if moment.year != 9999]
    return [*[None] * (len(found) - len(later)), *later]


def work(provider: Provider, **notifications: Any) -> None:
    """Let django-tasks' own worker do what there is to do, in a process of its own."""
    setting = notifications_setting(provider, TASK_BACKEND="default", **notifications)
    options = ["--batch", "--no-startup-delay", "--no-reload"]
    with WorkerProcess(*options, command="db_worker", **setting) as process:
        assert process.ended() == 0, process.text
    failed = DBTaskResult.objects.failed().first()
    assert failed is None, failed.traceback


class TestTheDatabaseWorker:
    def test_it_sends_what_was_sent(self, provider: Provider) -> None:
        users = people(30)
        send(users)
        assert provider.calls == []
        work(provider)
        assert len(provider.calls) == len(provider.accepted) == 30
        assert count(status=Status.SENT) == 30

    def test_digests_too(self, provider: Provider) -> None:
        users = people(3)
        want_digest(users)
        queue_for_digest(users)
        enqueue_at(datetime.now(UTC))
        work(provider)
        assert len(provider.accepted) == 3

    def test_what_was_sent_for_later(self, provider: Provider) -> None:
        with time_machine.travel(datetime.now(UTC) - timedelta(days=1)):
            send_at = datetime.now(UTC) + HOUR
            send_notification(people(1)[0], "order_ready", "x", channels=["wire"], send_at=send_at)
        DBTaskResult.objects.update(run_after=NOW - timedelta(days=365))
        work(provider)
        assert len(provider.accepted) == 1

    def test_what_is_left_over_is_closed(self, provider: Provider) -> None:
        rows = queue(notify(people(1)), "carrier_pigeon", due_at=datetime.now(UTC) - 2 * HOUR)
        enqueue_at(datetime.now(UTC))
        work(provider)
        assert states(rows) == [("skipped", Reason.NOT_CONFIGURED)]

    def test_what_failed_is_tried_again_by_a_later_task(self, provider: Provider) -> None:
        send(people(1))
        provider.answer = refuse_all
        work(provider)
        due_at = Delivery.objects.get().due_at
        assert due_at is not None
        assert due_at in tasks()
        DBTaskResult.objects.update(run_after=NOW - timedelta(days=365))
        Delivery.objects.update(due_at=datetime.now(UTC))
        provider.answer = accept
        work(provider)
        assert count(status=Status.SENT) == 1

    def test_one_that_is_killed_is_followed_by_another(self, provider: Provider) -> None:
        send(people(5))
        waiting = notifications_setting(provider, TASK_BACKEND="default", DELIVERY_LEASE_SECONDS=0.5)
        blocked: list[str] = []

        def block(key: str) -> Any:
            blocked.append(key)
            process.kill()
            return accept(key)

        provider.answer = block
        process = WorkerProcess("--no-startup-delay", "--no-reload", command="db_worker", **waiting)
        process.ended()
        provider.answer = accept
        assert len(blocked) == 1
        assert [moment for moment in tasks() if moment is not None] != []
        DBTaskResult.objects.update(run_after=NOW - timedelta(days=365))
        work(provider, DELIVERY_LEASE_SECONDS=0.5)
        assert len(provider.accepted) == 5


class TestWhatIsAskedFor:
    @pytest.fixture(autouse=True)
    def clock(self) -> Any:
        with time_machine.travel(NOW, tick=False) as clock:
            yield clock

    def test_nothing_without_a_backend(self, configure: Configure) -> None:
        configure()
        send(people(1))
        assert tasks() == []

    def test_nothing_if_the_transaction_is_rolled_back(self) -> None:
        users = people(1)
        with transaction.atomic():
            send(users)
            transaction.set_rollback(True)
        assert tasks() == []

    def test_one_task_for_a_transaction(self) -> None:
        users = people(3)
        with transaction.atomic():
            for user in users:
                send([user])
            assert tasks() == []
        assert tasks() == [None]

    def test_in_a_burst_one_a_second(self, clock: Any) -> None:
        users = people(50)
        for user in users:
            send([user])
        assert tasks() == [None, NOW + SECOND]
        clock.shift(2)
        send(users[:1])
        assert tasks() == [None, None, NOW + SECOND]

    def test_later_for_what_is_due_later(self) -> None:
        for hours in (3, 2, 5, 2):
            enqueue_at(NOW + hours * HOUR)
        # Whichever runs first finds out when the next is due.
        assert tasks() == [NOW + 2 * HOUR, NOW + 3 * HOUR]

    def test_another_process_does_not_ask_for_the_same(self, clock: Any) -> None:
        """Where each task has a process of its own, none remembers what another asked for."""
        code = """
import datetime
from django.conf import settings
settings.NOTIFICATIONS = {"TASK_BACKEND": "default"}
from notifications.delivery.enqueue import enqueue_at
enqueue_at(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1))
"""
        for _ in range(2):
            assert run_python(code).returncode == 0
        assert len(tasks()) == 1

    def test_what_could_not_be_asked_for_is_asked_for_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise ConnectionError("no broker")

        with monkeypatch.context() as patch:
            patch.setattr("django_tasks_db.DatabaseBackend.enqueue", fail)
            with pytest.raises(ConnectionError):
                enqueue_at(NOW + HOUR)
        enqueue_at(NOW + HOUR)
        assert tasks() == [NOW + HOUR]

    def test_for_what_is_to_be_sent_later(self) -> None:
        (ana,) = people(1)
        with transaction.atomic():
            send_notification(ana, "stock_alert", "Later", send_at=NOW + 3 * HOUR)
            send_notifications([ana], "stock_alert", "Soon", send_at=NOW + 2 * HOUR)
            assert tasks() == []
        assert tasks() == [NOW + 2 * HOUR]

    def test_nothing_if_nothing_waits(self) -> None:
        send(people(1), channels=("no_such_channel",))
        assert tasks() == []


class TestABackendThatCannotWait:
    """It runs the task where it is enqueued: nothing is asked for that is due later."""

    def test_at_once(self, configure: Configure, provider: Provider) -> None:
        configure(TASK_BACKEND="at_once")
        send(people(3))
        assert len(provider.accepted) == 3

    def test_what_is_due_later_is_left_to_cron(self, configure: Configure, provider: Provider) -> None:
        configure(TASK_BACKEND="at_once")
        queue(notify(people(1)), due_at=datetime.now(UTC) + HOUR)
        enqueue_at(datetime.now(UTC) + HOUR)
        assert provider.calls == []


def test_without_a_task_library_the_error_names_the_cure() -> None:
    code = """
import importlib.util
find_spec = importlib.util.find_spec
missing = {"django.tasks", "django_tasks"}
importlib.util.find_spec = lambda name, *more: None if name in missing else find_spec(name, *more)
import notifications.delivery.tasks
"""
    assert "pip install django-tasks" in run_python(code).stderr
