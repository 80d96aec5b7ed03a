"""The one settings dict: defaults, overriding, and what a typo does."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from notifications.conf import KEYS, Settings, conf


def test_without_the_setting_all_is_default(settings: Any) -> None:
    del settings.NOTIFICATIONS
    for name in KEYS:
        assert getattr(conf, name) == getattr(Settings(), name)


@pytest.mark.parametrize("empty", [{}, None])
def test_an_empty_setting_too(settings: Any, empty: Any) -> None:
    settings.NOTIFICATIONS = empty
    assert conf.MAX_IDS == 500


def test_one_key_leaves_the_others(settings: Any) -> None:
    settings.NOTIFICATIONS = {"MAX_IDS": 7}
    assert (conf.MAX_IDS, conf.CHUNK_SIZE) == (7, 300)


def test_it_follows_overrides_and_their_end() -> None:
    with override_settings(NOTIFICATIONS={"MAX_IDS": 7}):
        assert conf.MAX_IDS == 7
        with override_settings(NOTIFICATIONS={"MAX_IDS": 8}):
            assert conf.MAX_IDS == 8
        assert conf.MAX_IDS == 7
    assert conf.MAX_IDS == 500


def test_other_settings_are_not_its_business(settings: Any) -> None:
    settings.NOTIFICATIONS = {"MAX_IDS": 7}
    settings.LANGUAGE_CODE = "es"
    assert conf.MAX_IDS == 7


def test_a_misspelt_key_stops_no_running_site(settings: Any) -> None:
    settings.NOTIFICATIONS = {"MAX_IDZ": 7, "MAX_IDS": 8}
    assert conf.MAX_IDS == 8


def test_asking_for_a_key_that_does_not_exist_is_a_programmers_error() -> None:
    with pytest.raises(AttributeError, match="MAX_IDZ"):
        conf.MAX_IDZ  # noqa: B018


def test_the_promises_of_the_protocol_are_the_defaults() -> None:
    defaults = Settings()
    assert (defaults.PING_INTERVAL_SECONDS, defaults.PING_TIMEOUT_SECONDS, defaults.SILENCE_SECONDS) == (30, 5, 300)
    assert (defaults.MAX_FRAME_BYTES, defaults.MAX_FRAME_DEPTH) == (16_384, 10)
    assert (defaults.FRAMES_PER_SECOND, defaults.FRAMES_BURST) == (10, 20)
    assert (defaults.MAX_IDS, defaults.MAX_REPLAY, defaults.LOCK_TIMEOUT_SECONDS) == (500, 500, 1)
    assert (defaults.TOMBSTONE_DAYS, defaults.RETENTION_DAYS, defaults.GAP_SECONDS) == (7, None, 0.05)
    assert (defaults.PUBLISH_TIMEOUT_SECONDS, defaults.MAX_WAITING_BYTES, defaults.MAX_WAITING_FRAMES) == (
        0.5,
        1_000_000,
        1_000,
    )
