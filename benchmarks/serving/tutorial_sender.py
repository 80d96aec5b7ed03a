"""The same for the tutorial app. What it would send through its layer one by one goes to Redis in one piece here.

Its own way, ``async_to_sync(group_send)`` for each person, sends 670 a second, so the server would wait for the sender.
"""

from __future__ import annotations

import os
import random
import time
from typing import Any

import django

django.setup()

import redis  # noqa: E402
from channels_redis.pubsub import RedisPubSubChannelLayer  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402

from benchmarks.orders import obey  # noqa: E402
from benchmarks.serving.message import MESSAGE, SUBJECT, now  # noqa: E402
from benchmarks.serving.pace import paced  # noqa: E402
from tests.chaos.tutorial.models import Notification  # noqa: E402

layer = RedisPubSubChannelLayer(hosts=[])
server = redis.Redis.from_url(os.environ["REDIS_URL"])
users: list[int] = []


def begin(count: int, keys: str) -> None:
    model = get_user_model()
    if not model.objects.exists():
        model.objects.bulk_create(model(username=f"user{number}") for number in range(1, count + 1))
    users[:] = model.objects.order_by("pk").values_list("pk", flat=True)[:count]
    Notification.objects.all().delete()


def _publish(people: list[int]) -> None:
    pipe = server.pipeline(transaction=False)
    for user in people:
        data = {"id": user, "subject": SUBJECT, "message": MESSAGE, "ts": now()}
        pipe.publish(f"asgi__group__user_{user}", layer.serialize({"type": "notification", "data": data}))
    pipe.execute()


def to_all(count: int) -> dict[str, Any]:
    began = time.perf_counter()
    _publish(users[:count])
    return {"sent": count, "seconds": time.perf_counter() - began}


def one_by_one(count: int) -> dict[str, Any]:
    """Its own way, with its own signal receiver; the message carries the time."""
    seconds = []
    for user in random.choices(users, k=count):
        began = time.perf_counter()
        Notification.objects.create(user_id=user, subject=SUBJECT, message=f'{{"ts":{now()}}}')
        seconds.append(time.perf_counter() - began)
        time.sleep(0.01)
    return {"sent": count, "seconds": seconds}


def at_a_rate(rate: float, seconds: float) -> dict[str, Any]:
    return paced(lambda count: _publish(random.choices(users, k=count)), rate=rate, seconds=seconds)


obey({"begin": begin, "to_all": to_all, "at_once": to_all, "one_by_one": one_by_one, "at_a_rate": at_a_rate})
