"""Many groups with one command, on a real Redis; and one by one wherever the layer is not the one we know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
from channels.layers import InMemoryChannelLayer
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from notifications.live.subscriptions import _loop_layer, join_groups
from tests.services import NO_REDIS, find_redis

GROUPS = [f"group{number}" for number in range(200)]


@pytest.fixture(scope="module")
def redis_url() -> Any:
    server = find_redis()
    if server is None:
        pytest.fail(NO_REDIS)
    with server:
        yield server.url


@pytest.fixture(params=[1, 2])
async def layer(request: Any, redis_url: str) -> AsyncIterator[RedisPubSubChannelLayer]:
    layer = RedisPubSubChannelLayer(hosts=[redis_url] * request.param, prefix=f"shards{request.param}")
    loop_layer = layer._get_layer()
    yield layer
    await loop_layer.flush()


async def subscribe_commands(url: str) -> int:
    async with redis.asyncio.from_url(url) as client:
        stats = await client.info("commandstats")
        return sum(value["calls"] for name, value in stats.items() if name == "cmdstat_subscribe")


async def test_every_group_is_heard_with_one_command_for_each_server(layer, redis_url):
    channel = await layer.new_channel()
    before = await subscribe_commands(redis_url)
    await join_groups(layer, GROUPS, channel, list)
    assert await subscribe_commands(redis_url) - before == len(layer._get_layer()._shards)
    for group in (GROUPS[0], GROUPS[99], GROUPS[-1]):
        await layer.group_send(group, {"type": "x", "to": group})
        async with asyncio.timeout(5):
            assert (await layer.receive(channel))["to"] == group


async def test_what_was_joined_so_can_be_left_and_joined_again(layer):
    channel = await layer.new_channel()
    await join_groups(layer, GROUPS, channel, list)
    await layer.group_discard(GROUPS[0], channel)
    await layer.group_send(GROUPS[0], {"type": "x", "to": "nobody"})
    await join_groups(layer, GROUPS, channel, list)
    await layer.group_send(GROUPS[0], {"type": "x", "to": "again"})
    async with asyncio.timeout(5):
        assert (await layer.receive(channel))["to"] == "again"


@pytest.mark.parametrize("missing", ["_get_shard", "groups"])
async def test_a_layer_that_has_changed_is_asked_for_each_group(layer, missing, monkeypatch):
    channel = await layer.new_channel()
    added = []

    async def group_add(group: str, channel: str) -> None:
        added.append(group)

    class Changed:
        """The same layer after a release that named things anew."""

        _shards = layer._get_layer()._shards

    monkeypatch.setattr(layer, "_get_layer", Changed)
    monkeypatch.setattr(layer, "group_add", group_add, raising=False)
    await join_groups(layer, GROUPS[:3], channel, list)
    assert added == GROUPS[:3]


async def test_other_layers_are_asked_for_each_group(redis_url):
    for layer in (InMemoryChannelLayer(), RedisChannelLayer(hosts=[redis_url])):
        assert _loop_layer(layer) is None
        channel = await layer.new_channel()
        await join_groups(layer, GROUPS[:3], channel, list)
        await layer.group_send(GROUPS[2], {"type": "x"})
        async with asyncio.timeout(5):
            assert await layer.receive(channel) == {"type": "x"}
