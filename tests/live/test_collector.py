"""The collector is the site's: tuned when a site asks for it, and only then."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from notifications.live import collector
from notifications.live.manager import WebSocketManager


@pytest.fixture
def put_back() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.mark.parametrize("asked", [True, False])
async def test_only_a_site_that_asks_for_it_gets_it(asked, settings, put_back):
    settings.NOTIFICATIONS = {"TUNE_GARBAGE_COLLECTOR": asked}
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    manager = WebSocketManager()
    manager.start()
    try:
        assert (gc.get_threshold() == collector.THRESHOLDS) is asked
        assert (gc.get_freeze_count() > frozen) is asked
        assert asked or gc.get_threshold() == before
    finally:
        await manager.cleanup()
