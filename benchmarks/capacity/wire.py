"""What a hint weighs and costs on its way: ``python -m benchmarks.capacity.wire``, with a Redis of its own.

Prints the fields of :class:`~benchmarks.capacity.constants.Constants` that concern hints: their bytes, the CPU of a
process that hears of people who are not there, the CPU of Redis per message and per process that hears it, and how
long the publisher takes for one. Takes a few seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

from benchmarks.serving import message
from tests.services import NO_REDIS, find_redis

CHUNK = 500  # people in one bulk hint: NOTIFICATIONS["CHUNK_SIZE"]
EPOCH = "01234567-89ab-cdef-0123-456789abcdef"
SUBSCRIBERS = (1, 11)
SMALL_MESSAGES = 4_000
LARGE_MESSAGES = 100


def hints_of() -> tuple[dict[str, Any], dict[str, Any]]:
    """A single hint and a bulk hint for ``CHUNK`` people, as the channel layer gets them."""
    from datetime import UTC, datetime

    from notifications.inbox.events import BulkInsert, InboxChange, Kind, Recipient, Step
    from notifications.live import hints

    row = dict.fromkeys(("read_at", "archived_at", "deleted_at"))
    row |= {"type": message.TYPE, "subject": message.SUBJECT, "message": message.MESSAGE, "priority": "medium"}
    row |= {"url": "/stock/42/", "data": {"ts": message.LATER}, "created_at": datetime.now(UTC), "id": 123_456_789}
    row |= dict.fromkeys(("actor_text", "actor_url", "target_text", "target_url"), "")
    single = hints.single(InboxChange(1_234_567, EPOCH, [Step(1_000, Kind.CREATED, 12, [row])]))
    people = [Recipient(1_234_567 + n, EPOCH, 1_000 + n, 123_456_789 + n, 12) for n in range(CHUNK)]
    return single, hints.bulk(BulkInsert(row, people))


def sizes(single: dict[str, Any], bulk: dict[str, Any]) -> dict[str, float]:
    """Bytes on the wire, and the CPU of a process in which none of the people named has a socket."""
    import msgpack  # type: ignore[import-untyped]

    from notifications.live.fanout import FanOut
    from notifications.live.repairs import Repairs

    packed, head = msgpack.packb(bulk), len(bulk["frame"])
    fanout = FanOut({}, Repairs())
    rounds = 30
    started = time.process_time()
    for _ in range(rounds):
        for _ in fanout._deliver(msgpack.unpackb(packed)):
            pass
    seconds = time.process_time() - started
    return {
        "single_hint_bytes": len(msgpack.packb(single)),
        "bulk_head_bytes": head,
        "bulk_bytes_per_person": (len(packed) - head) / CHUNK,
        "frame_bytes": len(single["frames"][0]["f"]),
        "absent_person_us": seconds / rounds / CHUNK * 1e6,
    }


async def redis_costs(url: str, small: bytes, large: bytes) -> dict[str, float]:
    """CPU of the Redis process, by its own account: two sizes of message, two numbers of subscribers."""
    from redis import asyncio as redis

    client = redis.Redis.from_url(url)
    costs = {}
    for subscribers in SUBSCRIBERS:
        for name, body, count in (("small", small, SMALL_MESSAGES), ("large", large, LARGE_MESSAGES)):
            listening = asyncio.Barrier(subscribers + 1)
            readers = [asyncio.create_task(_read(url, count, listening)) for _ in range(subscribers)]
            await listening.wait()
            before = await _cpu(client)
            for _ in range(count):
                await client.publish("all", body)
            await asyncio.gather(*readers)
            costs[name, subscribers] = (await _cpu(client) - before) / count * 1e6
    await client.aclose()
    return _split(costs, len(large) - len(small))


async def _read(url: str, count: int, listening: asyncio.Barrier) -> None:
    from redis import asyncio as redis

    client = redis.Redis.from_url(url)
    async with client.pubsub() as pubsub:
        await pubsub.subscribe("all")
        await pubsub.get_message(timeout=None)  # the server's word that we hear from now on
        await listening.wait()
        for _ in range(count):
            await pubsub.get_message(timeout=None)
    await client.aclose()


async def _cpu(client: Any) -> float:
    info = await client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def _split(costs: dict[tuple[str, int], float], more_bytes: int) -> dict[str, float]:
    few, many = SUBSCRIBERS
    each = {name: (costs[name, many] - costs[name, few]) / (many - few) for name in ("small", "large")}
    return {
        "redis_publish_us": costs["small", few] - each["small"] * few,
        "redis_listener_us": each["small"],
        "redis_listener_us_per_kib": (each["large"] - each["small"]) / (more_bytes / 1024),
    }


async def publisher_us(url: str, single: dict[str, Any]) -> float:
    """Microseconds that the layer's ``group_send`` takes, one after the other, as the publisher's thread does it."""
    from channels_redis.pubsub import RedisPubSubChannelLayer

    layer = RedisPubSubChannelLayer(hosts=[url])
    await layer.group_send("warm", single)
    count = 2_000
    started = time.perf_counter()
    for number in range(count):
        await layer.group_send(f"notifications.user.{number}", single)
    seconds = time.perf_counter() - started
    await layer.flush()
    return seconds / count * 1e6


def main() -> None:
    import django
    import msgpack

    redis = find_redis()
    if redis is None:
        raise SystemExit(NO_REDIS)
    os.environ |= {"DATABASE_URL": "sqlite://:memory:", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    django.setup()
    single, bulk = hints_of()
    figures = sizes(single, bulk)
    with redis:
        figures |= asyncio.run(redis_costs(redis.url, msgpack.packb(single), msgpack.packb(bulk)))
        figures["publisher_us"] = asyncio.run(publisher_us(redis.url, single))
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
