"""Send to many, from the call until each of them has it."""

from __future__ import annotations

import time
from contextlib import nullcontext

from django.contrib.auth.models import User
from django.db import connection, transaction

from benchmarks.serving.message import MESSAGE, SUBJECT, TYPE
from notifications import send_notifications
from notifications.models import Batch, Notification

ASK_AGAIN_SECONDS = 0.001


def send_to_many(people: int, inside: bool = False) -> dict[str, float]:
    """Send to the users 1 to ``people``, a queryset; return the seconds until their rows are numbered.

    Args:
        inside: the caller has a transaction; it commits at once.
    """
    before = _numbered()
    began = time.perf_counter()
    with transaction.atomic() if inside else nullcontext():
        result = send_notifications(User.objects.filter(pk__lte=people), TYPE, SUBJECT, MESSAGE, data={"shop": 7})
    while not _finished(result["batch_id"]):
        time.sleep(ASK_AGAIN_SECONDS)
    seconds = time.perf_counter() - began
    if (reached := _numbered() - before) != people:
        raise AssertionError(f"{reached} of {people} people have it")
    return {"seconds": seconds}


def send_for(people: int, at_least_seconds: float) -> dict[str, float]:
    """Send to all of them again and again; return the seconds that one send took."""
    began, sends = time.perf_counter(), 0
    while time.perf_counter() - began < at_least_seconds:
        send_to_many(people)
        sends += 1
    return {"seconds": (time.perf_counter() - began) / sends}


def _finished(batch_id: int) -> bool:
    return (
        Batch.objects.filter(pk=batch_id, finished_at__isnull=False).exists()
        and not Notification.objects.filter(pending=True, subject=SUBJECT).exists()
    )


def _numbered() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ntf_notification WHERE seq IS NOT NULL AND subject = %s", [SUBJECT])
        return int(cursor.fetchone()[0])
