"""The program beside the server that sends, with the product: ``python -m benchmarks.serving.product_sender``."""

from __future__ import annotations

import gc
import random
import time
from collections import deque
from typing import Any

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks.orders import obey  # noqa: E402
from benchmarks.serving.message import LATER, MESSAGE, SUBJECT, TYPE, now  # noqa: E402
from benchmarks.serving.pace import paced  # noqa: E402
from notifications import send_notification, send_notifications  # noqa: E402
from notifications.auth.keys import hash_key  # noqa: E402
from notifications.inbox.changes import inbox_states  # noqa: E402
from notifications.inbox.events import BulkInsert  # noqa: E402
from notifications.live import broadcast, hints, protocol  # noqa: E402
from notifications.live.publisher import publisher  # noqa: E402
from notifications.models import ApiKey, Notification  # noqa: E402
from notifications.signals import inbox_changed  # noqa: E402

users: list[int] = []
kept: deque[hints.Hint] = deque()


def begin(count: int, keys: str) -> None:
    """People with an inbox and a key each, the same for every run; no notifications. The keys go to a file."""
    model = get_user_model()
    if not model.objects.exists():
        people = model.objects.bulk_create(model(username=f"user{number}") for number in range(1, count + 1))
        rows = [ApiKey(user=user, name="", prefix=_prefix(user.pk), hash=hash_key(_key(user.pk))) for user in people]
        ApiKey.objects.bulk_create(rows)
    users[:] = model.objects.order_by("pk").values_list("pk", flat=True)[:count]
    for start in range(0, count, 1_000):
        inbox_states(users[start : start + 1_000], using="default")
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {Notification._meta.db_table} CASCADE")
    with open(keys, "w") as file:
        file.writelines(f"{_key(user)}\n" for user in users)


def _prefix(user: int) -> str:
    return f"{user:08d}"


def _key(user: int) -> str:
    return f"ntf_{_prefix(user)}_{user:043d}"


def to_all(count: int) -> dict[str, Any]:
    """One call for everybody."""
    began = time.perf_counter()
    send_notifications(users[:count], TYPE, SUBJECT, MESSAGE, data={"ts": now()})
    return {"sent": count, "seconds": time.perf_counter() - began}


def one_by_one(count: int) -> dict[str, Any]:
    """Single sends to somebody, every ten milliseconds."""
    seconds = []
    for user in random.choices(users, k=count):
        began = time.perf_counter()
        send_notification(user, TYPE, SUBJECT, MESSAGE, data={"ts": now()})
        seconds.append(time.perf_counter() - began)
        time.sleep(0.01)
    return {"sent": count, "seconds": seconds}


def keep(count: int, people: int) -> dict[str, Any]:
    """Number rows for so many single sends, to the first ``people`` in turn, and keep their hints."""
    caught: list[Any] = []

    def catch(changes: Any, **_: Any) -> None:
        caught.extend(changes)

    inbox_changed.disconnect(dispatch_uid="notifications.broadcast")
    inbox_changed.connect(catch)
    while len(kept) < count:
        caught.clear()
        send_notifications(users[:people], TYPE, SUBJECT, MESSAGE, data={"ts": LATER})
        each = [hint for change in caught for hint in _hints(change)]
        random.shuffle(each)
        kept.extend(each)
    inbox_changed.disconnect(catch)
    broadcast.connect()
    gc.collect()
    gc.freeze()  # what is kept is a burden that no sender has
    return {"kept": len(kept)}


def _hints(change: BulkInsert) -> list[hints.Hint]:
    """A hint for each, as a send to that person alone would have given."""
    head = protocol.notification_head(change.row)
    return [
        {
            "v": hints.VERSION,
            "user": r.user_id,
            "epoch": r.epoch,
            "from_rev": r.rev,
            "to_rev": r.rev,
            "frames": [
                {
                    "f": protocol.notification_frame(
                        head, pk=r.notification_id, rev=r.rev, unread_count=r.unread_count
                    ),
                    "u": r.unread_count,
                }
            ],
        }
        for r in change.recipients
    ]


def _submit(count: int) -> None:
    moment = str(now())
    for _ in range(count):
        hint = kept.popleft()
        entry = hint["frames"][0]
        entry["f"] = entry["f"].replace(str(LATER), moment)
        publisher.submit(hint)


def at_once(count: int) -> dict[str, Any]:
    """Kept hints, through the product's publisher."""
    began = time.perf_counter()
    _submit(count)
    return {"sent": count, "seconds": time.perf_counter() - began}


def at_a_rate(rate: float, seconds: float) -> dict[str, Any]:
    return paced(_submit, rate=rate, seconds=seconds)


obey(
    {
        "begin": begin,
        "to_all": to_all,
        "one_by_one": one_by_one,
        "keep": keep,
        "at_once": at_once,
        "at_a_rate": at_a_rate,
    }
)
