"""Sockets that lag are brought up to date from the database, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import OperationalError

from notifications.live import repairs, snapshots
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
        hub.manager.standing.put(stream, snapshot, 0)
    await come_to_rest(hub)
    assert hub.copies[2].seqs == hub.copies[1].seqs == [1]


@scenario
async def test_a_hint_while_the_database_is_read_is_not_lost(hub: Hub):
    """The last one, which no later hint would show to be missing."""
    read = repairs.run_db

    async def commit_meanwhile(*args: Any, **kwargs: Any) -> Any:
        answer = await read(*args, **kwargs)
        if hub.reads == 1:
            hub.manager.fanout.receive(hub.model.create())
            await until(lambda: hub.streams[2].highest == 2)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "run_db", commit_meanwhile)
        hub.model.create()
        hub.reconcile()
        await come_to_rest(hub)
    assert hub.copies[2].seqs == hub.copies[1].seqs == [1, 2]


@scenario
async def test_a_hint_that_the_snapshot_already_holds_is_not_told_twice(hub: Hub):
    hint = hub.model.create()
    for stream in hub.streams.values():
        hub.manager.standing.put(stream, hub.model.changes(0).state, 1)
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
        hub.manager.standing.put(stream, hub.model.changes(0).state, 1)
        reading.set()
        await come_to_rest(hub)
    replayed = [frame["data"]["seq"] for frame in hub.sockets[2].frames if frame["data"].get("replay")]
    assert replayed[:4] == [2, 3, 4, 5]


@scenario
async def test_a_burst_shares_queries_and_whoever_comes_alone_waits_for_none(hub: Hub):
    loop = asyncio.get_running_loop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "GATHER_SECONDS", 1.0)
        hub.model.create()
        started = loop.time()
        hub.manager.repairs.add(hub.streams[2])
        await until(lambda: hub.streams[2].sent == 1)
        assert loop.time() - started < 0.5
        for _ in range(10):
            hub.model.create()
            for stream in hub.streams.values():
                hub.manager.repairs.add(stream)
            await asyncio.sleep(0.01)
        await come_to_rest(hub)
    assert hub.reads == 2


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


@scenario
async def test_what_is_archived_unread_is_not_called_read(hub: Hub):
    hub.manager.fanout.receive(hub.model.create())
    hub.manager.fanout.receive(hub.model.put_away_unread())
    await come_to_rest(hub)
    confirmed = [f["data"] for f in hub.sockets[1].frames if f["type"] == "notification_read_confirmation"]
    assert confirmed == [{"notification_id": 100, "read": False}]


@scenario
async def test_new_rows_of_a_new_epoch_are_shown_to_a_default_client(hub: Hub):
    hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    hub.model.new_epoch()
    hub.model.create()
    await come_to_rest(hub, reconciler=True)
    assert hub.copies[1].shown == [100, 101]


@scenario
async def test_a_client_that_asks_for_more_while_it_is_replayed_to(hub: Hub):
    """The end of a replay that began further on must not move it past what it asks for."""
    for _ in range(2):
        hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)

    async def present(*_: Any, **__: Any) -> Any:
        return {1: hub.model.changes(0).state}

    hub.sockets[2].stick()
    hub.model.create(150)
    hub.reconcile()
    await until(lambda: hub.streams[2]._queue is not None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "run_db", present)
        await hub.manager.standing.sync(hub.streams[2], 0, "e")
    hub.sockets[2].free()
    await until(lambda: hub.settled)
    *replay, end = hub.sockets[2].frames[-153:]
    assert [frame["data"]["seq"] for frame in replay if frame["data"].get("replay")] == list(range(1, 153))
    assert (end["type"], end["data"]["rev"]) == ("sync_complete", 152)


@scenario
async def test_a_sync_that_finds_no_database_leaves_nobody_deaf(hub: Hub):
    for _ in range(3):
        hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)

    async def fail(*_: Any, **__: Any) -> Any:
        raise OperationalError("gone")

    hub.copies[2].rev = 1
    hub.copies[2].begin(resuming=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "run_db", fail)
        with pytest.raises(OperationalError):
            await hub.manager.standing.sync(hub.streams[2], 1, "e")
    await come_to_rest(hub)
    replayed = [frame["data"]["seq"] for frame in hub.sockets[2].frames if frame["data"].get("replay")]
    assert replayed == [2, 3]
    hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    assert hub.copies[2].live_revs[-1] == 4


@scenario
async def test_a_sync_during_a_read_that_began_before_it_starts_no_new_epoch(hub: Hub):
    """The read knows an older revision than the sync: that is no database that went back."""
    read, reading, asked = repairs.run_db, asyncio.Event(), []

    async def slowly(function: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(function)
        answer = await read(function, *args, **kwargs)
        await reading.wait()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "run_db", slowly)
        hub.model.create()
        hub.reconcile()
        await until(lambda: hub.reads == 1)
        hub.model.create()
        hub.copies[2].load(hub.model.pages())
        hub.manager.standing.put(hub.streams[2], hub.model.changes(0).state, 2)
        reading.set()
        await come_to_rest(hub, reconciler=True)
    assert set(asked) == {repairs.changes_since}


@scenario
async def test_whose_user_is_deleted_before_a_new_epoch_is_closed(hub: Hub):
    hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    read = repairs.run_db

    async def nobody(function: Any, *args: Any, **kwargs: Any) -> Any:
        return None if function is repairs.start_new_epoch else await read(function, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "run_db", nobody)
        hub.model.rev = 0
        hub.model.rows.clear()
        hub.reconcile()
        await until(lambda: all(socket.closed_with == [4410] for socket in hub.sockets.values()))


@scenario
async def test_who_syncs_after_the_user_was_deleted_is_closed(hub: Hub):
    async def nobody(*_: Any, **__: Any) -> dict[Any, Any]:
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "run_db", nobody)
        await hub.manager.standing.sync(hub.streams[2], 0, "e")
    await until(lambda: hub.sockets[2].closed_with == [4410])


@scenario
async def test_a_tab_that_is_far_behind_takes_nothing_from_another_one_of_its_user(hub: Hub):
    """One page of rows is read for both, and ends before what the other one misses."""
    for _ in range(3):
        hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    read = repairs.run_db

    async def a_page(function: Any, since: dict[int, int], **kwargs: Any) -> Any:
        answer = await read(function, since, **kwargs)
        for changes in answer.values():
            changes.rows, changes.complete = changes.rows[:2], len(changes.rows) <= 2
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "run_db", a_page)
        hub.model.create()
        hub.reconcile()
        hub.manager.standing.put(hub.streams[2], hub.model.changes(0).state, 0)
        await come_to_rest(hub)
    assert hub.copies[1].seqs == [1, 2, 3, 4]
    assert hub.sockets[2].frames[-1]["data"]["reason"] == "too_far"


@scenario
async def test_of_one_revision_longer_than_a_page_a_default_client_hears_the_count(hub: Hub):
    """The other one loads its list."""
    read = repairs.run_db

    async def no_room(*args: Any, **kwargs: Any) -> Any:
        answer = await read(*args, **kwargs)
        for changes in answer.values():
            changes.rows, changes.complete = [], False
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "run_db", no_room)
        hub.model.create()
        hub.reconcile()
        await come_to_rest(hub)
    assert [frame["data"] for frame in hub.sockets[1].frames] == [{"unread_count": 1}]
    assert [frame["data"]["reason"] for frame in hub.sockets[2].frames] == ["too_far"]
