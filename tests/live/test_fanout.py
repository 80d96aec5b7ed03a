"""Hints come late, twice, in any order or not at all; every client applies every revision once and in order.

The database is a model in memory, since thousands of orders are tried.
"""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest
from django.test import override_settings
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.live import hints
from tests.live.hub import Hub, come_to_rest, scenario
from tests.live.model_inbox import ModelInbox


async def play(hub: Hub, script: list[tuple[str, int]]) -> None:
    running = [asyncio.create_task(work.run()) for work in (hub.manager.fanout, hub.manager.repairs)]
    under_way: list[hints.Hint] = []
    for act, number in script:
        if act == "turn":
            await asyncio.sleep(0.004 if number == 0 else 0)
        elif act == "stick":
            hub.sockets[1 + number % 2].stick()
        elif act == "free":
            hub.sockets[1 + number % 2].free()
        elif act == "reconcile":
            hub.reconcile()
        elif act in {"deliver", "again", "lose"}:
            if under_way:
                hint = under_way[number % len(under_way)]
                if act != "lose":
                    hub.manager.fanout.receive(hint)
                if act != "again":
                    under_way.remove(hint)
        elif hint := getattr(hub.model, act)():
            under_way.append(hint)
        hub.hear()
    await come_to_rest(hub, reconciler=True)
    for task in running:
        task.cancel()


CHANGES = ["create", "create", "create", "read", "update", "delete", "many", "see", "new_epoch"]
WAYS = ["deliver", "deliver", "deliver", "again", "lose", "turn", "stick", "free", "reconcile"]
acts = st.tuples(st.sampled_from(CHANGES + WAYS), st.integers(0, 9))


@settings(max_examples=300, deadline=None)
@given(st.lists(acts, max_size=40))
@example([("create", 0), ("create", 0), ("deliver", 1), ("turn", 0), ("deliver", 0)])
@example([("create", 0), ("create", 0), ("lose", 0), ("deliver", 0), ("turn", 0)])
def test_whatever_happens_to_hints_each_revision_is_applied_once_and_in_order(script):
    hub = None

    async def inside() -> None:
        nonlocal hub
        with pytest.MonkeyPatch.context() as monkeypatch:
            hub = Hub(ModelInbox(), monkeypatch)
            await play(hub, script)

    with override_settings(NOTIFICATIONS={"GAP_SECONDS": 0.002}):
        asyncio.run(inside())
    model, copy, plain = hub.model, hub.copies[2], hub.copies[1]
    living = {row["id"]: row for row in model._living()}
    assert set(copy.rows) == set(living)
    assert (copy.rev, copy.unread_count or 0, copy.seen_seq) == (model.rev, model.unread_count, model.seen_seq)
    assert copy.unread == {pk for pk, row in living.items() if row["counted"]}
    assert {pk: row["subject"] for pk, row in copy.rows.items()} == {pk: r["subject"] for pk, r in living.items()}
    assert set(living) <= set(plain.shown)
    assert (plain.unread_count or 0) == model.unread_count


@scenario
async def test_hints_in_order_even_if_they_come_twice_need_no_database(hub):
    """From this process directly, and from the layer again."""
    told = [hub.model.create() for _ in range(50)]
    for number, hint in enumerate(told):
        hub.manager.fanout.receive(hint)
        hub.manager.fanout.receive(told[number // 2])
    await come_to_rest(hub)
    assert (hub.copies[2].live_revs, hub.reads) == (list(range(1, 51)), 0)
    assert [stream.early for stream in hub.streams.values()] == [{}, {}]


@scenario
async def test_a_gap_that_closes_within_its_time_needs_no_database(hub):
    for hint in reversed([hub.model.create() for _ in range(10)]):
        hub.manager.fanout.receive(hint)
    await come_to_rest(hub)
    assert (hub.copies[2].live_revs, hub.reads) == (list(range(1, 11)), 0)


@scenario
async def test_a_gap_that_stays_is_read_once_for_all_connections(hub):
    hub.model.create()
    hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    assert hub.reads == 1
    assert hub.copies[2].seqs == hub.copies[1].seqs == [1, 2]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_every_order_of_four(order, monkeypatch):
    async def test(hub: Hub) -> None:
        told = [hub.model.create(), hub.model.create(2), hub.model.read(), hub.model.delete()]
        for number in order:
            hub.manager.fanout.receive(told[number])
            hub.manager.fanout.receive(told[random.choice(order)])
        await come_to_rest(hub)
        assert hub.copies[2].rev == hub.model.rev == 5
        assert hub.copies[2].unread_count == hub.copies[1].unread_count == hub.model.unread_count

    scenario(test)(monkeypatch)


@scenario
async def test_a_long_hint_is_read_from_the_database_at_the_readers_pace(hub):
    """One commit of 400 rows: all at once, it would look like 400 frames that the reader did not read."""
    hub.sockets[1].stick()
    hub.manager.fanout.receive(hub.model.create(400))
    await asyncio.sleep(0.01)
    assert not hub.streams[1]._queue
    await come_to_rest(hub)
    assert hub.copies[2].seqs == hub.copies[1].seqs == list(range(1, 401))


@scenario
async def test_a_hint_of_another_epoch_is_applied_by_nobody(hub):
    """Its number fits, but means something else."""
    hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    hub.model.new_epoch()
    hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    assert hub.copies[2].live_revs == [1]
    assert hub.sockets[2].frames[-1]["data"] == {"reason": "epoch", "epoch": "ee", "rev": 2}


@scenario
async def test_more_than_500_changed_rows_are_too_far(hub):
    hub.manager.fanout.receive(hub.model.create(501))
    await come_to_rest(hub)
    assert [frame["data"]["reason"] for frame in hub.sockets[2].frames] == ["too_far"]
    assert len(hub.copies[1].shown) == 501


@scenario
async def test_a_hint_in_coalesced_and_in_bulk_form(hub):
    first, second = hub.model.create(), hub.model.read()
    hub.manager.fanout.receive(hints.coalesced([first, second]))
    frame = hub.model.create()["frames"][0]["f"]
    head = frame[: frame.index('"id":')]
    hub.manager.fanout.receive({"v": 1, "frame": head, "users": [[1, 7], ["e", "e"], [3, 1], [101, 9], [1, 1]]})
    await come_to_rest(hub)
    assert (hub.copies[2].live_revs, hub.reads) == ([1, 2, 3], 0)


@scenario
async def test_an_unknown_version_or_a_broken_hint_makes_everyone_look(hub):
    looked = []
    hub.manager.repairs.look_at_everyone = lambda: looked.append(1)
    for hint in ({"v": 2, "whatever": 1}, {}, {"v": 1}, {"v": 1, "user": 1}, {"v": 1, "hints": [5]}):
        hub.manager.fanout.receive(hint)
    hub.manager.fanout.receive(hub.model.create())
    await come_to_rest(hub)
    assert (len(looked), hub.copies[2].live_revs) == (5, [1])
