"""Deliveries, digests and presence of people whose keys are UUIDs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from notifications.delivery.presence import online
from notifications.live import presence
from notifications.models import ChannelState, Delivery, Status
from tests.delivery.conftest import Configure, configure, provider  # noqa: F401 - fixtures
from tests.delivery.rows import notify, people, queue, queue_for_digest, want_digest
from tests.delivery.wire import Provider

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def channels(configure: Configure) -> None:  # noqa: F811
    configure(channel={"RATE": "100/s", "USER_RATE": "10/h"})


def test_what_is_due_is_sent_alone_and_in_digests(provider: Provider) -> None:  # noqa: F811
    users = people(4)
    want_digest(users[:2])
    queue_for_digest(users[:2])
    queue(notify(users[2:]))
    call_command("notifications_worker", once=True, concurrency=1)
    assert len(provider.accepted) == 4
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.SENT}
    assert ChannelState.objects.get().last_sent_at is not None


def test_who_is_online() -> None:
    users: list[Any] = [user.pk for user in people(3)]
    presence.write(users[:2], using="default")
    assert online(users, using="default") == set(users[:2])
