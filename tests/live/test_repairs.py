"""Sockets that lag are brought up to date from the database, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import OperationalError

from notifications.live import repairs
from tests.live.hub import Hub, come_to_rest, scenario
from tests.live.waiting import until


@scenario
async def test_a_hint_between_the_accept_and_the_snapshot_is_not_lost(hub: Hub):
    """It comes before it is known where the client stands; the snapshot was read before its commit."""
    snapshot = hub.model.changes(0).state
    for stream in hub.streams.values():
        stream.sent = None
    hub.manager.fanout.receive(hub.model.create())
    await until(lambda: all(stream.highest for stream in hub.streams.values()))
    for stream in hub.streams.values():
        hub.manager._stand_at(stream, snapshot, 0)
    await come_to_rest(hub)
    assert hub.copies[2].seqs == hub.copies[1].seqs == [1]


@scenario
async def test_a_hint_that_the_snapshot_already_holds_is_not_told_twice(hub: Hub):
    hint = hub.model.create()
    for stream in hub.streams.values():
        hub.manager._stand_at(stream, hub.model.changes(0).state, 1)
    hub.copies[2].rev = 1
    hub.manager.fanout.receive(hint)
    hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    assert hub.copies[2].seqs == hub.copies[1].seqs == [2]


@scenario
async def test_a_database_that_fails_is_asked_again(hub: Hub):
    read, failures = repairs.run_db, iter([OperationalError("gone"), OSError("gone")])

    async def fail_twice(*args: Any, **kwargs: Any) -> Any:
        if error := next(failures, None):
            raise error
        return await read(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "run_db", fail_twice)
        patch.setattr(repairs, "RETRY_SECONDS", 0.01)
        hub.model.create()
        hub.reconcile()
        await come_to_rest(hub)
    assert hub.copies[2].seqs == hub.copies[1].seqs == [1]


@scenario
async def test_a_frame_that_cannot_be_made_is_tried_again_and_harms_nobody_else(hub: Hub):
    """A row that no frame can be made of keeps its own socket waiting; nobody else's."""
    hub.model.create()
    hub.model.rows[100]["data"] = {"no JSON": object()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "RETRY_SECONDS", 0.01)
        hub.reconcile()
        await until(lambda: hub.reads >= 3)
        hub.model.rows[100]["data"] = {}
        await come_to_rest(hub)
    assert hub.copies[2].seqs == [1]


@scenario
async def test_a_reader_that_is_stuck_holds_up_no_other_repair(hub: Hub):
    hub.sockets[1].stick()
    hub.model.create(300)
    hub.reconcile()
    await until(lambda: hub.streams[2].sent == 300)
    hub.hear()
    assert hub.copies[2].seqs == list(range(1, 301))
    assert hub.streams[1].sent == 0
    assert hub.streams[1].close_code is None
    hub.model.create()
    await come_to_rest(hub, reconciler=True)
    assert hub.copies[1].seqs == list(range(1, 302))


@scenario
async def test_a_client_that_asks_for_more_while_the_database_is_read(hub: Hub):
    """It says ``sync`` from further back than where the read began: what it asks for must not fall between."""
    for _ in range(4):
        hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    stream, reading = hub.streams[2], asyncio.Event()
    read = repairs.run_db

    async def slowly(*args: Any, **kwargs: Any) -> Any:
        answer = await read(*args, **kwargs)
        await reading.wait()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "run_db", slowly)
        hub.model.create()
        hub.reconcile()
        await until(lambda: hub.reads == 1)
        hub.copies[2].rev = 1
        hub.copies[2].begin(resuming=True)
        hub.manager._stand_at(stream, hub.model.changes(0).state, 1)
        reading.set()
        await come_to_rest(hub)
    replayed = [frame["data"]["seq"] for frame in hub.sockets[2].frames if frame["data"].get("replay")]
    assert replayed[:4] == [2, 3, 4, 5]


@scenario
async def test_whoever_left_needs_no_repair(hub: Hub):
    hub.model.create()
    for stream in hub.streams.values():
        hub.manager.repairs.add(stream)
        stream.abandon()
    await until(lambda: not any(stream.lagging for stream in hub.streams.values()))
    assert hub.reads == 0


@scenario
async def test_one_revision_that_no_frame_can_hold_is_read(hub: Hub):
    hub.manager.fanout.receive(hub.model.create(3))
    hub.manager.fanout.receive(hub.model.many())
    await come_to_rest(hub)
    assert hub.copies[2].unread_count == hub.copies[1].unread_count == 0
    confirmed = [f["data"] for f in hub.sockets[1].frames if f["type"] == "notification_read_confirmation"]
    assert confirmed == [{"notification_id": pk, "read": True} for pk in (100, 101, 102)]
