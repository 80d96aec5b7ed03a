"""The database goes back, or forgets, under clients that are connected or asleep."""

from __future__ import annotations

import asyncio
import io
import signal
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tests.client import Client
from tests.processes import end

from ..spec import Result, row
from ..storm import History, Storm, storm
from ..world import World

DOWN_SECONDS = 1.0


@row(
    "PostgreSQL killed, and started again",
    "0 of what was committed lost; sockets stay open",
    databases=("postgresql",),
    own_postgres=True,
    tutorial=False,
)
async def postgres_killed(world: World) -> Result:
    """A send that fails says so; what the others were told is committed must be there."""
    kills, count = (5, 5_000) if world.long else (1, 300)
    postgres = world.postgres
    assert postgres is not None
    assert postgres.process is not None
    async with storm(world, plain=True) as people:
        sends = await people.send(count, per_second=50)
        for number in range(1, kills + 1):
            await sends.until_sent(count * number // (kills + 2), seconds=count)
            await asyncio.to_thread(end, postgres.process, signal.SIGQUIT)  # which ends its children, too, as a crash
            await asyncio.sleep(DOWN_SECONDS)
            await asyncio.to_thread(postgres.start)
        history = await people.settle(patience=count)
        refused, history.errors = len(history.errors), []
        return history.result(f"{kills}× in {count} sends", also=people.untouched, note=f"{refused} sends refused")


@row("Inboxes reset under live clients", "resync_required {epoch}, 0 missed", tutorial=False)
async def inboxes_reset(world: World) -> Result:
    from notifications.models import Inbox

    async with storm(world) as people:
        await people.send(100, per_second=200)
        await people.settle()
        await world.db(lambda: Inbox.objects.filter(pk__in=people.people).delete())
        await people.send(100, per_second=200)
        history = await people.settle()
        return _resynced(people, history, "epoch", "in 200 sends")


@row("Database restored under live clients", "resync_required {epoch}; all show what the database holds")
async def database_restored(world: World) -> Result:
    model, owner = _model(world)
    async with storm(world) as people:
        await people.send(100, per_second=200)
        await people.settle()
        backup = await world.db(_backup, model, owner, people.people)
        await people.send(100, per_second=200)
        await people.settle()
        await world.db(_restore, model, owner, people.people, backup)
        if world.is_product:
            await world.db(call_command, "notifications_new_epoch", stdout=io.StringIO())
        await people.send(50, per_second=200)
        await people.all_sent()
        differ = await _until_same(world, people)
        told = sum("resync_required" in tab.types for tab in people.tabs)
        seen = (
            f"{differ} of {len(people.tabs)} clients show something else" if differ else f"all show it, {told} resynced"
        )
        met = differ == 0 and told == len(people.tabs) and not any(tab.broken for tab in people.tabs)
        return Result(work="100 sends back, 50 more", seen=seen, met=met, hard=differ > 0)


def _model(world: World) -> tuple[Any, str]:
    if world.is_product:
        from notifications.models import Notification

        return Notification, "recipient_id"
    from ..tutorial.models import Notification as Row

    return Row, "user_id"


def _backup(model: Any, owner: str, users: list[int]) -> dict[Any, list[Any]]:
    backup = {model: list(QuerySet(model).filter(**{f"{owner}__in": users}))}
    if owner == "recipient_id":
        from notifications.models import Inbox

        backup[Inbox] = list(QuerySet(Inbox).filter(pk__in=users))
    return backup


def _restore(model: Any, owner: str, users: list[int], backup: dict[Any, list[Any]]) -> None:
    """Rows as they were, numbers and all, past every rule of the application: so a restore does it."""
    with transaction.atomic():
        rows = QuerySet(model).filter(**{f"{owner}__in": users})
        rows._raw_delete(rows.db)
        for table, kept in backup.items():
            if table is not model:
                QuerySet(table).filter(pk__in=users)._raw_delete(rows.db)
            QuerySet(table).bulk_create(kept)


async def _until_same(world: World, people: Storm) -> int:
    """Wait until every client shows what the database holds. Returns how many do not."""
    for _ in range(500 if world.is_product else 100):
        held = await world.committed(people.people)
        differ = sum(_shown(tab) != set(held[tab.query["user_id"]]) for tab in people.tabs)
        if not differ:
            break
        await asyncio.sleep(0.02)
    return differ


def _shown(tab: Client) -> set[int]:
    return set(getattr(tab.copy, "rows", tab.copy.shown))


@row("Purged past a sleeping client's cursor", "resync_required {horizon}, then complete", tutorial=False)
async def purged_past_cursor(world: World) -> Result:
    async with storm(world) as people:
        await people.send(100, per_second=200)
        await people.settle()
        for tab in people.tabs:
            tab.rest()
            await tab.drop()
        await world.db(_delete_and_purge, people.people)
        await people.send(50, per_second=200)
        await people.all_sent()
        for tab in people.tabs:
            tab.stay()
        differ = await _until_same(world, people)
        history = History(lost=differ)
        return _resynced(people, history, "horizon", "50 sleepers")


def _delete_and_purge(users: list[int]) -> None:
    from notifications.inbox.services import delete
    from notifications.models import Notification

    rows = QuerySet(Notification).filter(recipient_id__in=users)
    oldest = {user: pk for pk, user in rows.order_by("-pk").values_list("pk", "recipient_id")}
    for user, pk in oldest.items():
        delete(user, [pk])
    rows.exclude(deleted_at=None).update(deleted_at=timezone.now() - timedelta(days=30))
    call_command("notifications_purge", stdout=io.StringIO())


def _resynced(people: Storm, history: History, reason: str, work: str) -> Result:
    told = sum(any(data["reason"] == reason for data in tab.of("resync_required")) for tab in people.tabs)
    return history.result(work, also=told == len(people.tabs), note=f"{told} resynced")
