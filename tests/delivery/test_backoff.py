from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.delivery.backoff import LONGEST_ASKED_SECONDS, retry_seconds


@pytest.fixture(autouse=True)
def pauses(settings: Any) -> None:
    settings.NOTIFICATIONS = {"DELIVERY_RETRY_SECONDS": 30.0, "DELIVERY_RETRY_MOST_SECONDS": 3_600.0}


@pytest.mark.parametrize(
    ("attempts", "at_most"), [(1, 30), (2, 60), (3, 120), (7, 1_920), (8, 3_600), (20, 3_600), (65_535, 3_600)]
)
def test_twice_as_long_each_time_up_to_a_limit(attempts: int, at_most: float) -> None:
    pauses = [retry_seconds(attempts) for _ in range(200)]
    assert all(at_most / 2 <= pause <= at_most for pause in pauses)
    assert max(pauses) - min(pauses) > at_most / 4  # what failed together does not come back together


@given(asked=st.floats(0, 1e9), attempts=st.integers(1, 100))
def test_never_before_the_provider_wants_it_and_within_a_day(asked: float, attempts: int) -> None:
    pause = retry_seconds(attempts, asked=asked)
    assert min(asked, LONGEST_ASKED_SECONDS) <= pause <= max(3_600.0, LONGEST_ASKED_SECONDS)
