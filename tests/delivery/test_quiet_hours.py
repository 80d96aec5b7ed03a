"""Times of the day by the clock on the wall, which is put forward and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.delivery.quiet_hours import next_digest, quiet_until
from notifications.preferences.values import time_zones

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MADRID = ZoneInfo("Europe/Madrid")
# Clocks put on by half an hour, at midnight, back past midnight, over a whole day, and not at all.
ODD_ZONES = [
    "Africa/Casablanca",
    "America/Asuncion",
    "America/Havana",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Madrid",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
]
DAYS_THAT_NEVER_WERE = {"Pacific/Apia", "Pacific/Fakaofo"}
OVERNIGHT = (time(22, 0), time(7, 0))
BY_DAY = (time(9, 0), time(17, 30))


def at(text: str, zone: ZoneInfo = MADRID, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


# -- Quiet hours, by example ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "hours", "until"),
    [
        ("2026-05-04T21:59:59", OVERNIGHT, None),
        ("2026-05-04T22:00", OVERNIGHT, "2026-05-05T07:00"),
        ("2026-05-04T23:59:59", OVERNIGHT, "2026-05-05T07:00"),
        ("2026-05-05T00:00", OVERNIGHT, "2026-05-05T07:00"),
        ("2026-05-05T06:59:59", OVERNIGHT, "2026-05-05T07:00"),
        ("2026-05-05T07:00", OVERNIGHT, None),
        ("2026-05-05T08:59", BY_DAY, None),
        ("2026-05-05T09:00", BY_DAY, "2026-05-05T17:30"),
        ("2026-05-05T17:30", BY_DAY, None),
        ("2026-05-05T12:00", (time(0, 0), time(0, 0)), None),
        ("2026-05-05T12:00", (time(12, 0), time(12, 0)), None),
        ("2026-05-05T12:00", (time(12, 0), time(0, 0)), "2026-05-06T00:00"),
        ("2026-12-31T23:00", OVERNIGHT, "2027-01-01T07:00"),
    ],
)
def test_quiet_from_the_first_moment_to_the_last(now: str, hours: tuple[time, time], until: str | None) -> None:
    assert quiet_until(at(now), *hours, MADRID) == (until and at(until))


def test_the_night_when_the_clock_is_put_forward_has_an_hour_less() -> None:
    until = quiet_until(at("2026-03-28T22:00"), *OVERNIGHT, MADRID)
    assert until == at("2026-03-29T07:00") == at("2026-03-28T22:00") + timedelta(hours=8)


def test_the_night_when_it_is_put_back_has_one_more() -> None:
    until = quiet_until(at("2026-10-24T22:00"), *OVERNIGHT, MADRID)
    assert until == at("2026-10-25T07:00") == at("2026-10-24T22:00") + timedelta(hours=10)


def test_an_end_that_the_clock_jumps_over_is_the_moment_of_the_jump() -> None:
    # At 2:00 it is 3:00; 2:30 is never.
    assert quiet_until(at("2026-03-28T22:00"), time(22, 0), time(2, 30), MADRID) == at("2026-03-29T03:00")


def test_a_jump_from_quiet_hours_into_the_next_is_no_end() -> None:
    # Quiet but from 2:10 to 2:40, which that night has not.
    assert quiet_until(at("2026-03-28T22:00"), time(2, 40), time(2, 10), MADRID) == at("2026-03-30T02:10")


def test_an_end_that_comes_twice() -> None:
    hours = (time(22, 0), time(2, 30))
    assert quiet_until(at("2026-10-25T02:15"), *hours, MADRID) == at("2026-10-25T02:30")
    assert quiet_until(at("2026-10-25T02:30"), *hours, MADRID) is None
    assert quiet_until(at("2026-10-25T02:15", fold=1), *hours, MADRID) == at("2026-10-25T02:30", fold=1)


def test_a_day_that_never_was() -> None:
    apia = ZoneInfo("Pacific/Apia")  # went from the 29th to the 31st
    assert quiet_until(at("2011-12-29T23:00", apia), *OVERNIGHT, apia) == at("2011-12-31T07:00", apia)


def test_a_clock_that_is_put_back_past_midnight() -> None:
    st_johns = ZoneInfo("America/St_Johns")  # at 0:01 it is 23:01 of the day before
    now = at("2010-11-07T00:00:30", st_johns)
    assert quiet_until(now, time(23, 50), time(23, 30), st_johns) == at("2010-11-06T23:30", st_johns, fold=1)


# -- … and for any zone, moment and hours --------------------------------------------------------------------


@lru_cache(maxsize=100)
def jumps(name: str) -> tuple[datetime, ...]:
    """The moments in these years when that zone's clock is put forward or back."""
    zone = ZoneInfo(name)
    found = []
    day = datetime(2008, 1, 1, tzinfo=UTC)
    while day.year < 2032:
        if day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset():
            minutes = (day + minute * MINUTE for minute in range(1, 24 * 60 + 1))
            before = day.astimezone(zone).utcoffset()
            found.append(next(each for each in minutes if each.astimezone(zone).utcoffset() != before))
        day += DAY
    return tuple(found)


@st.composite
def moments(draw: st.DrawFn) -> tuple[datetime, str]:
    """Mostly within a day or two of a jump."""
    name = draw(st.sampled_from(ODD_ZONES) | st.sampled_from(time_zones()))
    near = list(jumps(name))
    base = draw(st.sampled_from(near)) if near else datetime(2026, 5, 5, tzinfo=UTC)
    away = timedelta(seconds=draw(st.integers(-36 * 3600, 36 * 3600)))
    return base + draw(st.sampled_from([timedelta(), timedelta(days=100)])) + away, name


clocks = st.times(timezones=st.none()).map(lambda clock: clock.replace(second=0, microsecond=0))
# What a person might choose, and what is likely to fall into a jump.
small_clocks = st.builds(time, st.integers(0, 3), st.sampled_from([0, 1, 29, 30, 59]))


def is_quiet(moment: datetime, start: time, end: time, zone: ZoneInfo) -> bool:
    clock = wall(moment, zone).time()
    return start <= clock < end if start <= end else clock >= start or clock < end


def passes(before: datetime, after: datetime, clock: time) -> bool:
    """Whether a clock that went from one to the other showed this in between, or jumped over it."""
    days = (before.date() + DAY * n for n in range((after.date() - before.date()).days + 1))
    return any(before < datetime.combine(day, clock) <= after for day in days)


def minute_by_minute(now: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, datetime]]:
    """Each minute after ``now``, with what the clock showed just before and what it shows then."""
    before, moment = wall(now, zone), now.replace(second=0, microsecond=0)
    while True:
        moment += MINUTE
        after = wall(moment, zone)
        yield moment, before, after
        before = after


@given(moments(), clocks | small_clocks, clocks | small_clocks)
@example((at("2026-03-28T22:00"), "Europe/Madrid"), time(2, 40), time(2, 10))
@example((at("2010-11-07T00:00:30", ZoneInfo("America/St_Johns")), "America/St_Johns"), time(23, 50), time(23, 30))
def test_quiet_hours_end_when_a_patient_watcher_of_the_clock_says_so(
    moment: tuple[datetime, str], start: time, end: time
) -> None:
    now, zone = moment[0], ZoneInfo(moment[1])
    expected = None
    if start != end and is_quiet(now, start, end, zone):
        expected = next(
            moment
            for moment, before, after in minute_by_minute(now, zone)
            if passes(before, after, end) and not is_quiet(moment, start, end, zone)
        )
    assert quiet_until(now, start, end, zone) == expected


@given(moments(), clocks, clocks)
def test_when_quiet_hours_end_it_is_not_quiet(moment: tuple[datetime, str], start: time, end: time) -> None:
    now, zone = moment[0], ZoneInfo(moment[1])
    until = quiet_until(now, start, end, zone)
    assert (until is None) == (start == end or not is_quiet(now, start, end, zone))
    if until is not None:
        assert until > now
        assert quiet_until(until, start, end, zone) is None


# -- Digests -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "frequency", "expected"),
    [
        ("2026-05-04T07:59:59", "daily", "2026-05-04T08:00"),  # a Monday
        ("2026-05-04T08:00", "daily", "2026-05-05T08:00"),
        ("2026-05-04T08:00:01", "daily", "2026-05-05T08:00"),
        ("2026-05-04T07:59:59", "weekly", "2026-05-06T08:00"),
        ("2026-05-06T07:59:59", "weekly", "2026-05-06T08:00"),
        ("2026-05-06T08:00", "weekly", "2026-05-13T08:00"),
        ("2026-05-07T00:00", "weekly", "2026-05-13T08:00"),
        ("2026-03-28T09:00", "daily", "2026-03-29T08:00"),  # 22 hours and
        ("2026-10-24T09:00", "daily", "2026-10-25T08:00"),  # 24 hours later
    ],
)
def test_the_next_digest(now: str, frequency: str, expected: str) -> None:
    assert next_digest(at(now), frequency, time(8, 0), 2, MADRID) == at(expected)


def test_a_time_that_comes_twice_is_one_digest() -> None:
    first = next_digest(at("2026-10-25T00:00"), "daily", time(2, 30), 0, MADRID)
    assert first == at("2026-10-25T02:30")
    assert next_digest(first, "daily", time(2, 30), 0, MADRID) == at("2026-10-26T02:30")
    assert next_digest(at("2026-10-25T02:15", fold=1), "daily", time(2, 30), 0, MADRID) == at("2026-10-26T02:30")


def test_a_time_that_never_comes_is_when_the_clock_jumps_over_it() -> None:
    assert next_digest(at("2026-03-29T00:00"), "daily", time(2, 30), 0, MADRID) == at("2026-03-29T03:00")


@given(moments(), clocks | small_clocks, st.sampled_from(["daily", "weekly"]), st.integers(0, 6))
def test_a_digest_comes_when_the_clock_shows_its_time_and_the_next_a_day_or_week_later(
    moment: tuple[datetime, str], clock: time, frequency: str, weekday: int
) -> None:
    now, zone = moment[0], ZoneInfo(moment[1])
    step = DAY if frequency == "daily" else 7 * DAY
    digests = [next_digest(now, frequency, clock, weekday, zone)]
    digests.append(next_digest(digests[0], frequency, clock, weekday, zone))
    assert now < digests[0] <= now + step + timedelta(hours=25)
    for digest in digests:
        shown = wall(digest, zone)
        assert passes(wall(digest - timedelta(seconds=1), zone), shown, clock)
        assert frequency == "daily" or shown.time() != clock or shown.weekday() == weekday
    if moment[1] not in DAYS_THAT_NEVER_WERE:
        assert abs(digests[1] - digests[0] - step) <= timedelta(hours=2)
