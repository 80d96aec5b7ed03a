"""The moment when nothing more is to come: how to wait for it, and what must be so then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from notifications.inbox import retention
from notifications.models import BatchChunk, Inbox, Notification
from tests.stateful.device import Device
from tests.stateful.minutes import View

SECONDS = 5.0

Place = tuple[int, Any]  # revision and epoch


def until(happened: Callable[[], object], otherwise: str) -> None:
    """
    Raises:
        AssertionError: five seconds have passed.
    """
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"{otherwise} within {SECONDS} s"
        time.sleep(0.01)  # a database tells nobody


def place_of(user: Any) -> Place:
    return Inbox.objects.filter(pk=user.pk).values_list("last_rev", "epoch").first() or (0, None)


def database_at_rest(user: Any, *, watched: bool) -> Place:
    """Wait until every change has its number, every send to many is expanded and nothing is left to expire."""
    waiting = [
        Notification.objects.filter(recipient=user, pending=True),
        retention.expired(using="default").filter(recipient=user),
        BatchChunk.objects.filter(expanded_at=None),
    ]
    until(lambda: not any(rows.exists() for rows in waiting), "something has no number")
    if watched:  # somebody is connected: the server makes an inbox that was deleted
        until(Inbox.objects.filter(pk=user.pk).exists, "nobody has made the inbox anew")
    return place_of(user)


async def all_heard(devices: list[Device]) -> None:
    """Wait until every command has been obeyed."""
    await asyncio.gather(*(device.ask_back() for device in devices))


def arrivals(devices: list[Device], user: Any, place: Place) -> list[Callable[[], bool]]:
    """For each device, whether it has everything up to there."""
    return [_arrival_of_eight_types(d, user) if d.protocol == 1 else _arrival(d, place) for d in devices]


async def all_arrived(devices: list[Device], arrived: list[Callable[[], bool]]) -> None:
    waits = (device.until(here, seconds=SECONDS) for device, here in zip(devices, arrived, strict=True))
    await asyncio.gather(*waits)


def _arrival(device: Device, place: Place) -> Callable[[], bool]:
    copy, (rev, epoch) = device.copy, place
    return lambda: bool(copy.up_to_date and copy.rev >= rev and copy.epoch == str(epoch))


def _arrival_of_eight_types(device: Device, user: Any) -> Callable[[], bool]:
    """It has the count; what came since it connected; and of what it shows, whether it was read."""
    copy, unread_count = device.copy, Inbox.objects.get(pk=user.pk).unread_count
    if device.excused:
        return lambda: copy.unread_count == unread_count
    rows = Notification.objects.filter(recipient=user)
    new = set(rows.visible().filter(seq__gt=device.born).values_list("pk", flat=True))
    # Of what was deleted and purged in one moment, no confirmation tells.
    is_read = {row.pk: bool(row.read_at or row.deleted_at) for row in rows}
    return lambda: (
        copy.unread_count == unread_count
        and new <= copy.rows.keys()
        and all(bool(row["read_at"]) is is_read.get(pk, bool(row["read_at"])) for pk, row in copy.rows.items())
    )


def compare(device: Device, user: Any) -> None:
    """The copy is the inbox.

    Raises:
        AssertionError: they differ.
    """
    copy, inbox = device.copy, Inbox.objects.get(pk=user.pk)
    shown = (copy.rev, copy.epoch, copy.unread_count, copy.seen_seq)
    stored = (inbox.last_rev, str(inbox.epoch), inbox.unread_count, inbox.seen_seq)
    assert shown == stored, f"{device.name} stands at {shown}, the inbox at {stored}"
    rows = {row.pk: View.of(row) for row in Notification.objects.filter(recipient=user).visible()}
    for pk in rows.keys() | copy.rows.keys():
        here, there = device.view(pk), rows.get(pk)
        # Lists leave out what is archived.
        unlisted = here is None and there is not None and there.is_archived
        assert here == there or unlisted, f"{device.name} shows {pk} as {here}, the database has {there}"
