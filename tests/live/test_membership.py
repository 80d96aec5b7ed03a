"""Which groups this process is in follows what it wants, whatever the layer does meanwhile."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.test import override_settings

from notifications.live import membership as module
from notifications.live.membership import Membership, everyone_group, shared_layer, user_group
from tests.live.layers import BadDayLayer, World, bad_day
from tests.live.waiting import until


@pytest.fixture
async def world(monkeypatch) -> AsyncIterator[World]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(module, "JOIN_SECONDS", 0.1)
    with bad_day() as world:
        yield world


@pytest.fixture
async def member(world) -> AsyncIterator[Membership]:
    layer, heard = get_channel_layer(), []
    member = Membership(layer, heard.append)
    member.layer, member.heard = layer, heard
    running = asyncio.create_task(member.run())
    yield member
    assert not running.done(), "whatever the layer does, the receive loop goes on"
    running.cancel()


async def test_joining_returns_when_the_group_is_joined(world, member):
    await member.join("a")
    assert {"a", everyone_group()} <= world.groups
    member.leave("a")
    await until(lambda: "a" not in world.groups)


async def test_leaving_and_joining_at_once_ends_where_it_was_last_wanted(world, member):
    await member.join("a")
    for _ in range(5):
        member.leave("a")
        joining = asyncio.create_task(member.join("a"))
        await asyncio.sleep(0)
        member.leave("a")
        await member.join("a")
        await joining
    assert "a" in world.groups
    member.leave("a")
    await until(lambda: "a" not in world.groups)


@pytest.mark.parametrize("from_the_start", [False, True])
async def test_a_hanging_layer_holds_up_a_handshake_for_half_a_second_at_most(world, from_the_start):
    if from_the_start:
        world.open.clear()
    member = Membership(get_channel_layer(), lambda _: None)
    running = asyncio.create_task(member.run())
    if not from_the_start:
        await member.join("a")
        world.open.clear()
    started = time.monotonic()
    await member.join("b")
    assert time.monotonic() - started < 0.3
    world.open.set()
    await until(lambda: "b" in world.groups)
    running.cancel()


async def test_a_failing_layer_refuses_nobody_and_is_tried_again(world, member, caplog):
    await member.join("a")
    world.error = ConnectionError("gone")
    for group in "bcd":
        await member.join(group)
    assert [record.message for record in caplog.records].count("the channel layer fails, the database carries on") == 1
    world.error = None
    member.converge()
    await until(lambda: {"b", "c", "d"} <= world.groups)


async def test_a_receive_that_fails_is_begun_anew_and_all_groups_are_joined_again(world, member):
    await member.join("a")
    world.groups.clear()
    await until(lambda: "receive" in world.calls)
    world.error = ConnectionError("gone")
    await member.layer._messages.put({"n": 1})
    await until(lambda: world.calls.count("receive") >= 3)
    world.error = None
    await until(lambda: {"a", everyone_group()} <= world.groups)
    await member.layer._messages.put({"n": 2})
    await until(lambda: member.heard == [{"n": 1}, {"n": 2}])


async def test_a_group_that_is_left_while_the_layer_fails_is_left_when_it_is_well(world, member):
    await member.join("a")
    await until(lambda: "receive" in world.calls)
    world.error = ConnectionError("gone")
    await member.layer._messages.put({"n": 1})
    await until(lambda: member._broken)
    member.leave("a")
    world.error = None
    await until(lambda: "a" not in world.groups)


async def test_a_hint_that_cannot_be_read_does_not_end_the_loop(world):
    heard: list[Any] = []

    def receive(message: dict[str, Any]) -> None:
        heard.append(message["n"])

    layer = get_channel_layer()
    running = asyncio.create_task(Membership(layer, receive).run())
    await until(lambda: "receive" in world.calls)
    for message in ({}, {"n": 2}):
        await layer._messages.put(message)
    await until(lambda: heard == [2])
    running.cancel()


async def test_rejoin_and_the_hourly_rejoin(world, member):
    await member.join("a")
    for again in (lambda: member.rejoin("a"), lambda: (setattr(member, "_rejoin_at", 0.0), member.converge())):
        world.groups.clear()
        again()
        await until(lambda: "a" in world.groups)


async def test_closing_leaves_all_groups_and_waits_for_no_sick_layer(world, member):
    await member.join("a")
    await member.close()
    assert world.groups == set()
    await member.join("b")
    world.open.clear()
    async with asyncio.timeout(1):
        await member.close()


@pytest.mark.parametrize(
    ("key", "plain"), [(7, True), ("a-b_C", True), (uuid.uuid4(), True), ("ana@example.com", False), ("x" * 41, False)]
)
def test_group_names_are_such_as_channels_accepts(key, plain):
    group = user_group(key)
    assert BadDayLayer().require_valid_group_name(group)
    assert group.endswith(f".{key}") is plain
    assert group == user_group(key)
    assert group != user_group("another")


def test_two_sites_on_one_redis_have_different_groups():
    names = {user_group(1), everyone_group()}
    with override_settings(NOTIFICATIONS={"GROUP_PREFIX": "shop"}):
        assert names.isdisjoint({user_group(1), everyone_group()})


def test_the_in_memory_layer_reaches_no_other_process():
    with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}):
        assert shared_layer() is None
    with override_settings(NOTIFICATIONS={"CHANNEL_LAYER": "no such layer"}):
        assert shared_layer() is None
    with bad_day():
        assert isinstance(shared_layer(), BadDayLayer)
