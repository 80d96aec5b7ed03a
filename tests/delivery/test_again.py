"""Trying again by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model

from notifications import send_notification
from notifications.delivery.again import try_again, try_channels_now
from notifications.models import ChannelState, Delivery, Reason, Status
from notifications.types import BUILT_IN

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
FAILED = {"status": Status.FAILED, "reason": Reason.GAVE_UP, "attempts": 8, "finished_at": NOON}


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana")


def delivery(user: Any, **fields: Any) -> Delivery:
    made = send_notification(user, "stock_alert", "Sold out", channels=BUILT_IN)
    return Delivery.objects.create(
        notification_id=made["notification_id"], recipient=user, channel="email", **{**FAILED, **fields}
    )


def state(row: Delivery) -> tuple[Any, ...]:
    row.refresh_from_db()
    return row.status, row.reason, row.due_at, row.attempts, row.finished_at


ANEW = (Status.QUEUED, "", NOON, 0, None)


def test_what_failed_is_queued_with_all_its_attempts(ana: Any) -> None:
    failed, other = delivery(ana, answer="550 no such user"), delivery(ana)
    assert try_again([failed.pk], using="default") == 1
    assert state(failed) == ANEW
    assert failed.answer == "550 no such user"  # until there is a new one
    assert state(other) == (Status.FAILED, Reason.GAVE_UP, None, 8, NOON)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SENT, Status.SKIPPED])
def test_what_has_not_failed_is_left_alone(ana: Any, status: Status) -> None:
    row = delivery(ana, status=status, reason="")
    before = state(row)
    assert try_again([row.pk], using="default") == 0
    assert state(row) == before


@pytest.mark.parametrize("named", ["carrier", "member"])
def test_a_digest_is_tried_as_the_one_message_it_is(ana: Any, named: str) -> None:
    carrier = Delivery.objects.create(recipient=ana, channel="email", **FAILED)
    members = [delivery(ana, digest=carrier), delivery(ana, digest=carrier)]
    read = delivery(ana, digest=carrier, status=Status.SKIPPED, reason=Reason.READ)
    chosen = {"carrier": carrier, "member": members[0]}[named]
    assert try_again([chosen.pk], using="default") == 1
    assert state(carrier) == ANEW
    assert [state(member) for member in members] == [(Status.QUEUED, Reason.DIGEST, None, 0, None)] * 2
    assert state(read)[0] == Status.SKIPPED


def test_a_digest_that_somebody_else_tries_already_keeps_its_attempts(ana: Any) -> None:
    carrier = Delivery.objects.create(recipient=ana, channel="email", due_at=NOON, attempts=3)
    member = delivery(ana, digest=carrier)
    assert try_again([member.pk], using="default") == 0
    assert state(carrier) == (Status.QUEUED, "", NOON, 3, None)


def test_a_channel_that_is_left_alone_is_tried_at_once(ana: Any) -> None:
    for channel in ("email", "sms"):
        ChannelState.objects.create(channel=channel, failures=7, open_until=NOON + timedelta(minutes=9))
    ChannelState.objects.create(channel="push", failures=0)
    assert try_channels_now(["email", "push"], using="default") == 1
    states = dict(ChannelState.objects.values_list("channel", "open_until"))
    assert states == {"email": NOON, "sms": NOON + timedelta(minutes=9), "push": None}
    assert ChannelState.objects.get(channel="email").failures == 7  # one attempt decides
