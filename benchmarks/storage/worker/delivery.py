"""Send to many on delivery channels too, to people of whom every tenth has preferences."""

from __future__ import annotations

import resource
import time
from datetime import timedelta
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from benchmarks.serving.message import MESSAGE, SUBJECT
from notifications import send_notifications
from notifications.models import Delivery, Mute, Preference, PreferenceChoice

from .prepare import run

TYPE = "order_ready"  # has no wishes of its own
CHANNELS = ("email", "push")
ZONES = ("Europe/Madrid", "America/New_York", "Asia/Tokyo", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu")
EVERY = 10  # of so many people one has preferences
# What such a send must have come to: a rule that decided nothing was not measured.
REASONS = {"", "digest", "muted", "paused", "preference", "priority", "quiet_hours", "type_off"}


def prefer(people: int) -> None:
    """Give everybody an address, and every tenth wishes of their own, of every sort by turns."""
    prefer_nothing()  # a run that failed may have left some
    User.objects.update(email=Concat(F("username"), Value("@example.org")))
    keys = range(EVERY, people + 1, EVERY)
    _insert(Preference, (_preference(key, turn) for turn, key in enumerate(keys)))
    _insert(PreferenceChoice, (_choice(key, turn) for turn, key in enumerate(keys) if turn % 3 == 0))
    _insert(Mute, (Mute(user_id=key, type=TYPE) for turn, key in enumerate(keys) if turn % 7 == 0))
    run("ANALYZE")


def prefer_nothing() -> None:
    """Leave nothing behind for the next measurement."""
    run(*(f"DELETE FROM {model._meta.db_table}" for model in (Delivery, Mute, PreferenceChoice, Preference)))


def _preference(key: int, turn: int) -> Preference:
    """Quiet hours that last all day but a minute are on, whenever it is."""
    return Preference(
        user_id=key,
        priority=("all", "all", "high_or_critical", "all", "critical_only")[turn % 5],
        quiet_hours_enabled=turn % 2 == 0,
        quiet_hours_start="00:00",
        quiet_hours_end="23:59",
        time_zone=ZONES[turn % len(ZONES)],
        frequency=("instant", "instant", "daily", "weekly")[turn // 2 % 4],
        digest_weekday=turn % 7,
        paused_until=timezone.now() + timedelta(days=1) if turn % 11 == 0 else None,
    )


def _choice(key: int, turn: int) -> PreferenceChoice:
    kind, channel = ((TYPE, ""), ("", "email"), (TYPE, "push"))[turn // 3 % 3]
    return PreferenceChoice(user_id=key, type=kind, channel=channel, enabled=False)


def _insert(model: type[models.Model], rows: Any) -> None:
    while some := list(islice(rows, 1_000)):
        model._default_manager.bulk_create(some)


def send_on_channels(people: int) -> dict[str, float]:
    """Send to the users 1 to ``people``; return the seconds, and the megabytes at the most that this process needed.

    Outside a transaction: they all have it, and it is decided for each, when the call returns.
    """
    run(f"DELETE FROM {Delivery._meta.db_table}")
    recipients = User.objects.filter(pk__lte=people)
    began = time.perf_counter()
    result = send_notifications(recipients, TYPE, SUBJECT, MESSAGE, channels=["in_app", "websocket", *CHANNELS])
    seconds = time.perf_counter() - began
    _check(people, result["created"])
    return {"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _check(people: int, created: int) -> None:
    rows, reasons = Delivery.objects.count(), set(Delivery.objects.values_list("reason", flat=True).distinct())
    if created != people or rows != people * len(CHANNELS) or reasons != REASONS:
        raise AssertionError(f"{created} notifications and {rows} deliveries for {people} people; {reasons}")
