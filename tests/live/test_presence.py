"""Other processes know who has a page open, if anybody asks: an escalation does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model

from notifications import NotificationType, types
from notifications.delivery.presence import online
from notifications.live import presence
from notifications.live.background import Background
from notifications.live.manager import WebSocketManager
from notifications.models import Presence
from tests.inbox.workers import at_once
from tests.live.asgi_socket import AsgiSocket, connection

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    before = dict(types._registry)
    yield
    types._registry.clear()
    types._registry.update(before)


def people(count: int) -> list[Any]:
    return [get_user_model().objects.create_user(f"person{n}").pk for n in range(count)]


def escalate() -> None:
    @types.register
    class Alarm(NotificationType):
        escalate = {"email": timedelta(minutes=10)}


def test_for_a_little_more_than_two_rounds() -> None:
    ana, ben = people(2)
    with time_machine.travel(NOW, tick=False) as clock:
        presence.write([ana], using="default")
        assert online([ana, ben], using="default") == {ana}
        clock.shift(74)
        assert online([ana, ben], using="default") == {ana}
        clock.shift(1)
        assert online([ana, ben], using="default") == set()
        presence.write([ana, ben], using="default")
        assert online([ana, ben], using="default") == {ana, ben}


def test_what_another_process_has_just_written_is_not_written_again() -> None:
    (ana,) = people(1)
    with time_machine.travel(NOW, tick=False) as clock:
        presence.write([ana], using="default")
        clock.shift(5)
        presence.write([ana], using="default")
        assert Presence.objects.get().online_until == NOW + timedelta(seconds=75)
        clock.shift(25)
        presence.write([ana], using="default")
        assert Presence.objects.get().online_until == NOW + timedelta(seconds=105)


def test_who_is_deleted_meanwhile_stops_nobody() -> None:
    ana, ben = people(2)
    get_user_model().objects.filter(pk=ana).delete()
    presence.write([ana, ben], using="default")
    assert online([ana, ben], using="default") == {ben}


def test_several_processes_with_the_same_people() -> None:
    users = people(50)
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(3):
            at_once(lambda _: presence.write(users, using="default"), 4)
            assert online(users, using="default") == set(users)
            clock.shift(60)


async def connected(user_id: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNEL_LAYER": "none"}
    manager = WebSocketManager()
    stream = connection(AsgiSocket(), user_id=user_id)
    manager.active_connections[user_id] = {stream}
    await Background(manager).tell_who_is_online()


async def test_a_server_tells_who_is_connected(settings: Any) -> None:
    (ana, _) = await sync_to_async(people)(2)
    escalate()
    await connected(ana, settings)
    assert [row.pk async for row in Presence.objects.all()] == [ana]


async def test_nothing_is_written_if_no_type_escalates(settings: Any) -> None:
    (ana,) = await sync_to_async(people)(1)
    await connected(ana, settings)
    assert not await Presence.objects.aexists()
