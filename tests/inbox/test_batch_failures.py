"""A send to many that is interrupted, fails in part, is raced for, or is large."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from notifications import send_notifications
from notifications.inbox import batches, expansion, sql
from notifications.inbox.batches import batch_result
from notifications.inbox.expansion import expand_batch
from notifications.inbox.sweeper import sweep
from notifications.models import Batch, BatchChunk, Inbox, Notification
from notifications.signals import inbox_changed

from .invariants import check, settle
from .workers import at_once, in_a_child, run_python

User = get_user_model()

NAME_AND_EPOCH = {
    "postgresql": ("'user' || n", "gen_random_uuid()"),
    "sqlite": ("'user' || n", "lower(hex(randomblob(16)))"),
    "mysql": ("concat('user', n)", "uuid()"),
}


def people(count: int, *, with_inboxes: bool = False) -> list[Any]:
    """Users in one statement; their keys."""
    name, epoch = NAME_AND_EPOCH[connection.vendor]
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute("SET max_recursive_iterations = 1000000")
        cursor.execute(
            "INSERT INTO auth_user (username, password, first_name, last_name, email, is_superuser, is_staff,"
            " is_active, date_joined) WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
            f" WHERE n < %s) SELECT {name}, '', '', '', '', false, false, true, CURRENT_TIMESTAMP FROM numbers",
            [count],
        )
        if with_inboxes:
            cursor.execute(f"INSERT INTO ntf_inbox (user_id, epoch) SELECT id, {epoch} FROM auth_user")
    return list(User.objects.order_by("pk").values_list("pk", flat=True))


def recipients() -> list[Any]:
    return sorted(Notification.objects.filter(seq__isnull=False).values_list("recipient_id", flat=True))


KILLED_IN_THE_MIDDLE = """
from notifications.signals import inbox_changed
chunks = []
def count(**_):
    chunks.append(1)
    if len(chunks) == 8:
        os.kill(os.getpid(), 9)
inbox_changed.connect(count)
send_notifications(get_user_model().objects.all(), "stock_alert", "Sale")
"""


@pytest.mark.usefixtures("transactional_db")
def test_killed_in_the_middle_of_20_000_the_rest_arrives_and_none_twice() -> None:
    keys = people(20_000)
    process = run_python(KILLED_IN_THE_MIDDLE)
    assert process.returncode == -9, process.stderr
    expanded = BatchChunk.objects.exclude(expanded_at=None)
    assert 8 <= expanded.count() <= 9 < BatchChunk.objects.count()  # a second thread may have been just as far
    assert Notification.objects.count() == sum(expanded.values_list("size", flat=True))
    started = time.monotonic()
    while sweep(using="default"):
        pass
    assert recipients() == keys
    assert Batch.objects.get().finished_at is not None
    assert time.monotonic() - started < 10
    check()


def send_to_all() -> None:
    send_notifications(User.objects.all(), "stock_alert", "Sale")


def killed_inside_the_third_chunk() -> None:
    insert, calls = expansion.bulk_insert, iter(range(10))

    def insert_and_die(*args: Any, **kwargs: Any) -> Any:
        recipients = insert(*args, **kwargs)
        if recipients and next(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return recipients

    expansion.bulk_insert = insert_and_die  # in the child only
    send_to_all()


def killed_after_the_commit() -> None:
    batches.expand_batch = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)  # in the child only
    send_to_all()


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize(("crash", "done"), [(killed_inside_the_third_chunk, 20), (killed_after_the_commit, 0)])
def test_killed_at_a_worse_moment(crash: Callable[[], None], done: int, settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 10}
    keys = people(40)
    assert in_a_child(crash) == -signal.SIGKILL
    assert len(recipients()) == done
    settle()
    assert recipients() == keys
    check()


@pytest.mark.usefixtures("transactional_db")
def test_a_crash_after_the_last_chunk_leaves_no_batch_open(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 10}
    people(30)
    finished: list[Any] = []

    def look(**_: Any) -> None:
        finished.append(Batch.objects.get().finished_at is not None)

    inbox_changed.connect(look)
    try:
        send_notifications(User.objects.all(), "stock_alert", "Sale")
    finally:
        inbox_changed.disconnect(look)
    assert finished == [False, False, True]


@pytest.mark.usefixtures("transactional_db")
def test_a_chunk_that_fails_stops_no_other(settings: Any, caplog: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 10}
    keys = people(30)
    batch = Batch.objects.create(type="stock_alert", subject="Sale", recipients=30)
    good, bad, last = keys[:10], ["no key"], keys[10:]
    for ids in (good, bad, last):
        BatchChunk.objects.create(batch=batch, user_ids=ids, size=len(ids))
    settle()
    assert recipients() == keys
    assert Batch.objects.get().finished_at is None
    assert {r.message for r in caplog.records} == {"a chunk of a send to many failed, the sweeper will try again"}
    BatchChunk.objects.filter(expanded_at=None).update(user_ids=[])
    settle()
    assert Batch.objects.get().finished_at is not None
    check()


@pytest.mark.usefixtures("transactional_db")
def test_one_person_whose_inbox_is_behind_its_rows_holds_up_nobody() -> None:
    keys = people(30)
    for _ in range(2):
        send_notifications([keys[7]], "stock_alert", "x")
    Inbox.objects.filter(pk=keys[7]).update(last_rev=0)
    result = send_notifications(keys, "stock_alert", "Sale")
    assert (result["created"], result["skipped"], result["pending"]) == (0, 0, 30)
    settle()
    settle()
    batch = Batch.objects.get(pk=result["batch_id"])
    assert batch_result(batch, using="default") == {**result, "created": 30, "pending": 0}
    assert batch.finished_at is not None
    assert recipients() == sorted([*keys, keys[7], keys[7]])
    assert Inbox.objects.values_list("last_rev", "unread_count").get(pk=keys[7]) == (3, 3)
    check()


@pytest.mark.usefixtures("transactional_db")
def test_many_chunks_that_keep_failing_are_no_wall_before_the_others() -> None:
    keys = people(2)
    batch = Batch.objects.create(type="stock_alert", subject="Sale", recipients=42)
    for ids in [*([["no key"]] * 40), keys]:
        BatchChunk.objects.create(batch=batch, user_ids=ids, size=len(ids))
    for _ in range(3):
        sweep(using="default")
    assert recipients() == keys


@pytest.mark.usefixtures("transactional_db")
def test_eight_that_expand_the_same_batch(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 20}
    keys = people(200)
    batch = Batch.objects.create(type="stock_alert", subject="Sale", recipients=200)
    for start in range(0, 200, 20):
        BatchChunk.objects.create(batch=batch, user_ids=keys[start : start + 20], size=20)
    at_once(lambda n: expand_batch(batch.pk, using="default") if n % 2 else sweep(using="default"))
    settle()
    assert recipients() == keys
    assert Batch.objects.get().finished_at is not None
    check()


@pytest.mark.usefixtures("transactional_db")
def test_eight_batches_to_the_same_people_at_once(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 50}
    keys = people(150)
    at_once(lambda n: send_notifications(keys if n % 2 else keys[::-1], "stock_alert", f"n{n}"))
    settle()
    assert recipients() == sorted(keys * 8)
    check()


MEASURED = """
import json, resource, time
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
users = get_user_model().objects.order_by("pk")
send_notifications(users[:2_000], "stock_alert", "first", "m" * 200)
before, started = peak(), time.monotonic()
result = send_notifications(users, "stock_alert", "second", "m" * 200)
print(json.dumps({**result, "grown_mb": peak() - before, "seconds": time.monotonic() - started}))
"""


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.performance
def test_a_send_to_100_000_takes_little_memory_and_bounded_time() -> None:
    people(100_000, with_inboxes=True)
    process = run_python(MEASURED)
    assert process.returncode == 0, process.stderr
    measured = json.loads(process.stdout)
    assert (measured["recipients"], measured["created"], measured["pending"]) == (100_000, 100_000, 0)
    assert measured["grown_mb"] < 40, measured
    assert measured["seconds"] < 60, measured
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT recipient_id), sum(seq) FROM ntf_notification WHERE subject = 'second'")
        assert cursor.fetchone() == (100_000, 100_000 + 2_000)


@pytest.mark.usefixtures("transactional_db")
def test_the_end_is_noted_though_the_last_were_many_and_at_once(settings: Any, monkeypatch: Any) -> None:
    """Whoever sees more waiting than can be under way leaves it to others; the sender looks once more."""
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 5}
    monkeypatch.setattr(sql, "MOST_UNDER_WAY", 0)
    monkeypatch.setattr(expansion, "MOST_UNDER_WAY", 0)
    people(30)
    seen: list[bool] = []

    def look(**_: Any) -> None:
        seen.append(Batch.objects.get().finished_at is not None)

    inbox_changed.connect(look)
    try:
        send_to_all()
    finally:
        inbox_changed.disconnect(look)
    assert not any(seen[:-1])
    assert Batch.objects.get().finished_at is not None
