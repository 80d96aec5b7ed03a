"""How much one client may say; the clock is a number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifications.live.limits import FrameRate, JunkCount


def test_a_burst_of_twenty_and_then_ten_a_second():
    rate = FrameRate(10, 20, now=0.0)
    assert [rate.allow(0.0) for _ in range(21)] == [True] * 20 + [False]
    assert [rate.allow(0.5) for _ in range(6)] == [True] * 5 + [False]


def test_saving_up_ends_at_the_burst():
    rate = FrameRate(10, 20, now=0.0)
    assert sum(rate.allow(1_000.0) for _ in range(50)) == 20


@given(st.lists(st.floats(0, 0.3), max_size=200))
def test_never_more_than_the_burst_and_the_rate_together(pauses):
    rate, now, allowed = FrameRate(10, 20, now=0.0), 0.0, 0
    for pause in pauses:
        now += pause
        allowed += rate.allow(now)
        assert allowed <= 20 + now * 10 + 1e-6


def test_the_third_junk_frame_within_a_minute():
    junk = JunkCount()
    assert [junk.is_last_straw(at) for at in (0.0, 59.0, 59.9)] == [False, False, True]


def test_junk_of_more_than_a_minute_ago_is_forgiven():
    junk = JunkCount()
    assert [junk.is_last_straw(at) for at in (0.0, 30.0, 60.0, 89.9)] == [False, False, False, True]
