"""Many who connect at once share queries, and each reads what was true after it came."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import OperationalError

from notifications.inbox.changes import InboxState
from notifications.live import snapshots as module
from notifications.live.manager import WebSocketManager
from notifications.live.snapshots import Snapshots
from tests.live.asgi_socket import AsgiSocket, connection


class Database:
    """Answers when it is let; each answer holds the revision of the moment the query began."""

    def __init__(self) -> None:
        self.rev, self.queries, self.error = 0, [], None
        self.let = asyncio.Event()

    async def run(self, function: Any, user_ids: list[int], **_: Any) -> dict[int, InboxState]:
        rev = self.rev
        self.queries.append(sorted(user_ids))
        await self.let.wait()
        if self.error:
            raise self.error
        return {user_id: InboxState(user_id, rev, 0, 0, rev, "e") for user_id in user_ids if user_id != 404}


@pytest.fixture
async def database(monkeypatch) -> Database:
    database = Database()
    monkeypatch.setattr(module, "run_db", database.run)
    return database


async def ask(snapshots: Snapshots, *user_ids: int) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(snapshots.get(user_id)) for user_id in user_ids]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_a_query_runs_shares_the_next(database):
    snapshots = Snapshots()
    early = await ask(snapshots, 1)
    database.rev = 5
    late = await ask(snapshots, 1, 2, 2, 3, 404)
    database.let.set()
    states = await asyncio.gather(*early, *late)
    assert [state and state.rev for state in states] == [0, 5, 5, 5, 5, None]
    assert database.queries == [[1], [1, 2, 3, 404]]


async def test_a_failure_is_told_to_all_who_wait_and_the_next_asks_anew(database):
    snapshots = Snapshots()
    database.error = OperationalError("gone")
    tasks = await ask(snapshots, 1, 2)
    database.let.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert outcomes == [database.error] * 2
    database.error = None
    assert (await snapshots.get(1)).rev == 0


async def test_one_who_leaves_takes_the_answer_from_nobody(database):
    snapshots = Snapshots()
    leaving, staying = await ask(snapshots, 1, 1)
    leaving.cancel()
    database.let.set()
    assert (await staying).rev == 0


async def test_a_count_is_never_older_than_what_the_client_has_been_told(database):
    manager = WebSocketManager()
    one = connection(AsgiSocket(), sent=5)
    database.rev = 5
    answer = asyncio.create_task(manager.standing.unread_count(one))
    for _ in range(3):
        await asyncio.sleep(0)
    database.rev = one.sent = 6  # told while the query was under way
    database.let.set()
    assert await answer == 6
    assert len(database.queries) == 2


async def test_a_count_of_a_database_that_went_back_is_given_all_the_same(database):
    database.rev = 5
    database.let.set()
    assert await WebSocketManager().standing.unread_count(connection(AsgiSocket(), sent=9)) == 5
