"""Hints go to the layer from one thread: no sender waits for it, and a bad layer costs hints, not senders."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers

from notifications.live.publisher import COALESCE_FROM, LONGEST_BREAK_SECONDS, Breaker, Publisher
from notifications.observability.metrics import hint_failures_total
from tests.live.layers import World, bad_day


@pytest.fixture
def world() -> Iterator[World]:
    with bad_day(PUBLISH_TIMEOUT_SECONDS=0.2) as world:
        yield world


@pytest.fixture
def publisher(world: World) -> Iterator[Publisher]:
    publisher = Publisher()
    yield publisher
    world.open.set()
    publisher.flush(5)


def hint(n: int, user: int = 1) -> dict[str, Any]:
    return {"v": 1, "user": user, "n": n}


def test_a_hint_goes_to_its_users_group(world, publisher):
    publisher.submit(hint(1, user=7))
    assert publisher.flush(5)
    assert world.sent == [("notifications.user.7", {"type": "notifications.hint", "v": 1, "user": 7, "n": 1})]


def test_a_bulk_hint_goes_to_every_process(world, publisher):
    publisher.submit({"v": 1, "frame": "f", "users": [], "n": 1})
    assert publisher.flush(5)
    assert [group for group, _ in world.sent] == ["notifications.all"]


def test_many_at_once_go_together_and_in_order(world, publisher):
    world.open.clear()
    for n in range(1_200):
        publisher.submit(hint(n, user=n % 3))
    world.open.set()
    assert publisher.flush(5)
    assert sorted(world.subjects) == list(range(1_200))
    for user in range(3):
        own = [n for n in world.subjects if n % 3 == user]
        assert own == sorted(own)
    assert len(world.sent) < 1_200 / COALESCE_FROM


def test_many_long_ones_go_in_messages_of_a_bounded_size(world, publisher):
    world.open.clear()
    for n in range(90):
        publisher.submit({**hint(n), "frames": [{"f": "x" * 60_000}, None]})
    world.open.set()
    assert publisher.flush(5)
    assert world.subjects == list(range(90))
    packed = [len(message["hints"]) for _, message in world.sent if "hints" in message]
    assert max(packed) == 17  # the first that makes a million is the last


def test_a_hanging_layer_costs_no_sender_anything(world, publisher):
    world.open.clear()
    started = time.perf_counter()
    for n in range(1_000):
        publisher.submit(hint(n))
    assert time.perf_counter() - started < 0.2
    assert not publisher.flush(0.05)


def test_a_hanging_layer_is_given_up_after_the_time_out(world, publisher):
    failures = hint_failures_total.value()
    world.open.clear()
    publisher.submit(hint(1))
    assert publisher.flush(5)
    assert (world.sent, hint_failures_total.value() - failures) == ([], 1)


def test_after_a_failure_nothing_is_tried_for_a_while_and_then_it_works_again(world, publisher):
    failures = hint_failures_total.value()
    world.error = ConnectionError("gone")
    publisher.submit(hint(1))
    assert publisher.flush(5)
    world.error = None
    publisher.submit(hint(2))
    assert publisher.flush(5)
    assert (world.sent, len([c for c in world.calls if c.startswith("send")])) == ([], 1)
    assert hint_failures_total.value() - failures == 2
    deadline = time.monotonic() + 3
    while not world.sent and time.monotonic() < deadline:
        publisher.submit(hint(3))
        assert publisher.flush(5)
    assert world.subjects[0] == 3


def test_the_breaker_waits_twice_as_long_each_time_up_to_eight_seconds():
    breaker, now, waits = Breaker(), 0.0, []
    for _ in range(7):
        breaker.failed(now)
        wait = next(w for w in (0.5, 1, 2, 4, 8, 16) if breaker.allows(now + w))
        assert not breaker.allows(now + wait - 0.01)
        waits.append(wait)
        now += wait
    assert waits == [0.5, 1, 2, 4, 8, 8, LONGEST_BREAK_SECONDS]
    breaker.succeeded()
    assert breaker.allows(now)


def test_no_hint_sleeps_in_the_queue_whenever_it_comes(world, publisher):
    """Each comes when the thread is about to fall asleep: "asleep" is set before the queue is looked at again."""
    for n in range(500):
        publisher.submit(hint(n))
        world.wait_for(lambda n=n: len(world.sent) == n + 1)
    assert world.subjects == list(range(500))


def test_flush_does_not_overlook_a_hint_that_is_being_submitted(world, publisher):
    class Slow(deque[Any]):
        def append(self, item: Any) -> None:
            world.open.set()  # the publisher finishes what it was at, and looks whether there is more
            time.sleep(0.05)
            world.open.clear()
            super().append(item)

    world.open.clear()
    publisher.submit(hint(1))
    world.wait_for(lambda: "send notifications.user.1" in world.calls)
    publisher._waiting = Slow()
    publisher.submit(hint(2))
    assert not publisher.flush(0.1)


def test_where_the_queue_is_full_the_oldest_go(world, publisher):
    publisher._waiting = deque(maxlen=3)
    world.open.clear()
    publisher.submit(hint(0))
    world.wait_for(lambda: world.calls)
    for n in range(1, 10):
        publisher.submit(hint(n))
    world.open.set()
    assert publisher.flush(5)
    assert world.subjects == [0, 7, 8, 9]


def test_many_threads_start_one_publisher(world, publisher):
    gate = threading.Barrier(8)

    def work(n: int) -> None:
        gate.wait()
        publisher.submit(hint(n))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    before = threading.active_count()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert publisher.flush(5)
    assert sorted(world.subjects) == list(range(8))
    assert threading.active_count() <= before + 1


def test_a_forked_child_has_a_publisher_of_its_own(world, publisher):
    publisher.submit(hint(1))
    assert publisher.flush(5)
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        world.__init__()
        publisher.submit(hint(2))
        well = publisher.flush(5) and world.subjects == [2]
        os.write(writer, b"well" if well else str(world.sent).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"well"
    os.waitpid(child, 0)
    publisher.submit(hint(3))
    assert publisher.flush(5)
    assert world.subjects == [1, 3]


def test_it_has_a_layer_of_its_own(monkeypatch, world, publisher):
    """The pub/sub layer publishes and subscribes under one lock."""
    made: list[Any] = []
    make = channel_layers.make_backend
    monkeypatch.setattr(channel_layers, "make_backend", lambda alias: made.append(make(alias)) or made[-1])
    publisher.submit(hint(1))
    assert publisher.flush(5)
    assert len(made) == 1
    assert not isinstance(made[0], InMemoryChannelLayer)
    assert made[0] is not channel_layers["default"]
