"""Seen, not necessarily read: how far a person has looked. It only goes forward."""

from __future__ import annotations

from typing import Any

import pytest

from notifications import send_notification
from notifications.exceptions import NotificationError
from notifications.inbox.services import mark_read, mark_seen
from notifications.models import Inbox, Notification

from .conftest import Heard
from .invariants import check


@pytest.fixture
def ids(ana: Any) -> list[int]:
    """Four of Ana's; the first two are read."""
    ids = [send_notification(ana, "stock_alert", "x")["notification_id"] for _ in range(4)]
    mark_read(ana, ids[:2])
    return ids


def inbox(user: Any) -> Inbox:
    return Inbox.objects.get(pk=user.pk)


def test_seen_only_goes_forward(ana: Any, ids: list[int], heard: Heard) -> None:
    before = inbox(ana).last_rev
    heard.clear()
    for up_to, seen in ((2, 2), (1, 2), (2, 2), (4, 4), (0, 4)):
        mark_seen(ana, up_to)
        assert inbox(ana).seen_seq == seen
    assert [(str(step.kind), step.rev, step.seen_seq, step.unread_count) for step in heard.steps(ana)] == [
        ("seen", before + 1, 2, 2),
        ("seen", before + 2, 4, 2),
    ]
    check(ana)


@pytest.mark.parametrize("future", [1_000, 2**63, 2**90])
def test_nobody_has_seen_the_future(ana: Any, ids: list[int], future: int) -> None:
    mark_seen(ana, future)
    seen = inbox(ana).seen_seq
    pk = send_notification(ana, "stock_alert", "new")["notification_id"]
    assert seen < Notification.objects.get(pk=pk).seq
    check(ana)


def test_seen_without_an_inbox(ana: Any) -> None:
    mark_seen(ana, 5)
    assert (inbox(ana).seen_seq, inbox(ana).last_rev) == (0, 0)
    mark_seen(999_999, 5)


@pytest.mark.parametrize("bad", [-1, 1.0, "1", True, None])
def test_a_place_that_is_none(bad: Any) -> None:
    with pytest.raises(NotificationError, match="must be a whole number"):
        mark_seen(1, bad)
