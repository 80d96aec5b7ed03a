"""Send to one person at a time."""

from __future__ import annotations

import random
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

from django.contrib.auth.models import User
from django.db import transaction

from benchmarks.serving.message import MESSAGE, TYPE
from notifications import send_notification
from notifications.models import Notification

SUBJECT = "One for you alone"  # told apart from a send to many
CHUNK = 50  # made in advance: choosing people is not part of a send


def send_one(inside: bool, whole_user: bool) -> None:
    """Send one, warm already; somebody counts the round trips.

    Args:
        inside: from inside the caller's transaction, up to the numbers after its commit.
        whole_user: to a user that is loaded, as a view has it; else to a key, which is looked up.
    """
    person = User(pk=1) if whole_user else 1
    if isinstance(person, User):
        person._state.adding = False
    with transaction.atomic() if inside else nullcontext():
        send_notification(person, TYPE, SUBJECT, MESSAGE)


def warm_up() -> None:
    """Connect, import, and fill the caches of a process that has run for a while."""
    for _ in range(3):
        send_one(inside=False, whole_user=False)
        send_one(inside=True, whole_user=True)


def send_for(people: int, seconds: float) -> dict[str, list[float] | float]:
    """Send one after the other for so long; return each call's milliseconds, and the seconds."""
    began = time.perf_counter()
    chosen = _random_people(people, until=lambda: time.perf_counter() - began >= seconds)
    calls = [_milliseconds(person, time.perf_counter()) for person in chosen]
    took = time.perf_counter() - began
    return {"calls": calls, "seconds": took}


def unnumbered() -> dict[str, int]:
    return {"rows": Notification.objects.filter(pending=True).count()}


def send_until_told(people: int, rate: float) -> dict[str, list[float]]:
    """Send ``rate`` a second until a line comes; return each call's milliseconds.

    A call that could not begin when it was due, because the one before still ran, has waited: that counts.
    """
    calls: list[float] = []
    due = time.perf_counter()
    for person in _random_people(people, until=lambda: bool(select.select([sys.stdin], [], [], 0)[0])):
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        calls.append(_milliseconds(person, time.perf_counter() if wait > 0 else due))
        due += 1 / rate
    sys.stdin.readline()  # no order of its own, or there would be two answers
    return {"calls": calls}


def _random_people(people: int, *, until: Callable[[], bool]) -> Iterator[int]:
    chance = random.Random()
    while True:
        for person in [chance.randint(1, people) for _ in range(CHUNK)]:
            if until():
                return
            yield person


def _milliseconds(person: int, began: float) -> float:
    send_notification(person, TYPE, SUBJECT, MESSAGE)
    return round((time.perf_counter() - began) * 1000, 3)
