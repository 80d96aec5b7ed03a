"""When a person's clock shows a time: the end of quiet hours, and the next digest.

All by the clock on the person's wall. It is put forward and back, so a time of the day may come twice, or never.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ..models import Frequency

DAY = timedelta(days=1)
WEEK_DAYS = 7


def quiet_until(now: datetime, start: time, end: time, zone: tzinfo) -> datetime | None:
    """When the quiet hours end in which ``now`` lies; ``None`` if it lies in none.

    They begin when the clock shows ``start`` and last until it shows ``end``, or jumps over it; overnight where
    ``end`` is the earlier. Equal times mean no quiet hours.

    Args:
        now: with a time zone, any.

    Returns:
        a moment in UTC, after ``now``.
    """
    until = None
    while _is_quiet(_wall(until or now, zone), start, end):
        # Again where the clock jumped over the end right into the next quiet hours.
        until = _next(until or now, end, zone)
    return until


def next_digest(now: datetime, frequency: str, at: time, weekday: int, zone: tzinfo) -> datetime:
    """The next moment after ``now`` at which the clock shows ``at``, or jumps over it.

    Where it is shown twice on a day, only the first counts: nobody gets two digests that day.

    Args:
        now: with a time zone, any.
        frequency: ``weekly`` looks at ``weekday`` (0 is Monday); anything else means every day.

    Returns:
        a moment in UTC.
    """
    day = _wall(now, zone).date()
    if frequency == Frequency.WEEKLY:
        day += timedelta(days=(weekday - day.weekday()) % WEEK_DAYS)
    step = DAY * (WEEK_DAYS if frequency == Frequency.WEEKLY else 1)
    while (moment := _shown(day, at, zone)) <= now:
        day += step
    return moment


def _is_quiet(clock: datetime, start: time, end: time) -> bool:
    if start <= end:
        return start <= clock.time() < end
    return not end <= clock.time() < start


def _next(now: datetime, clock: time, zone: tzinfo) -> datetime:
    """The first moment after ``now`` at which the clock shows this, be it for the second time, or jumps over it."""
    day = _wall(now, zone).date() - DAY  # the clock may be put back past midnight
    while True:
        for fold in (0, 1):
            if (moment := _shown(day, clock, zone, fold=fold)) > now:
                return moment
        day += DAY


def _shown(day: date, clock: time, zone: tzinfo, *, fold: int = 0) -> datetime:
    """When the clock shows this on that day, in UTC; where it jumps over it, the moment of the jump."""
    wanted = datetime.combine(day, clock)
    moment = wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if _wall(moment, zone) == wanted:
        return moment
    # Read with the offset from after the jump, it lies before it, and the other way round (PEP 495).
    before = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = timedelta(seconds=1)
    while after - before > second:
        middle = before + (after - before) // 2 // second * second
        if _wall(middle, zone) < wanted:
            before = middle
        else:
            after = middle
    return after


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    """What the clock shows; without a time zone, so that it is compared as it is read."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
