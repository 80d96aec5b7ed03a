"""A provider on this machine, and the channel ``wire`` that leads to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from notifications.models import ChannelState
from tests.delivery.wire import Provider

Configure = Callable[..., None]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def configure(settings: Any, provider: Provider) -> Configure:
    """Set ``NOTIFICATIONS``, with the channel ``wire``; ``channel`` holds more of its options."""

    def configure(*, channel: dict[str, Any] | None = None, **notifications: Any) -> None:
        settings.NOTIFICATIONS = notifications_setting(provider, channel=channel, **notifications)

    configure()
    return configure


def notifications_setting(
    provider: Provider, *, channel: dict[str, Any] | None = None, **notifications: Any
) -> dict[str, Any]:
    wire = {"BACKEND": "tests.delivery.wire.WireChannel", "URL": provider.url, **(channel or {})}
    return {"CHANNELS": {"wire": wire, **notifications.pop("CHANNELS", {})}, **notifications}


def state(name: str = "wire") -> ChannelState:
    return ChannelState.objects.get(pk=name)
