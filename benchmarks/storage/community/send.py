"""A process of a site with django-notifications-community. Its own environment's Python runs it as a file."""

from __future__ import annotations

import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import django
from django.core.management import call_command

# At the end: the app to be measured has the import name of ours, and must be found first.
sys.path.append(str(Path(__file__).resolve().parents[3]))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import transaction  # noqa: E402

from benchmarks.orders import obey  # noqa: E402
from benchmarks.serving.message import MESSAGE, SUBJECT  # noqa: E402
from benchmarks.storage.worker import prepare  # noqa: E402
from notifications.models import Notification  # noqa: E402
from notifications.signals import notify  # noqa: E402


def migrate() -> None:
    call_command("migrate", verbosity=0)


def empty() -> None:
    prepare.run(f"TRUNCATE {Notification._meta.db_table}", "CHECKPOINT")


def send_to_many(people: int, inside: bool = False) -> dict[str, float]:
    """Send to the users 1 to ``people``, a queryset; return the seconds."""
    sender = User.objects.get(pk=1)
    before = Notification.objects.count()
    began = time.perf_counter()
    with transaction.atomic() if inside else nullcontext():
        notify.send(sender, recipient=User.objects.filter(pk__lte=people), verb=SUBJECT, description=MESSAGE)
    seconds = time.perf_counter() - began
    if (reached := Notification.objects.count() - before) != people:
        raise AssertionError(f"{reached} of {people} people have it")
    return {"seconds": seconds}


if __name__ == "__main__":
    obey({"migrate": migrate, "people": prepare.people, "empty": empty, "send_to_many": send_to_many})
