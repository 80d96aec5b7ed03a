"""A delivery channel that fails is left alone for a while: its provider is down, and every attempt would wait for it.

What the workers of all machines know of a channel is one row of :class:`~notifications.models.ChannelState`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from ..conf import conf
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import ChannelState

logger = logging.getLogger("notifications")

LONGEST_SECONDS = 600.0
ERROR_CHARACTERS = 1_000


def states(names: Iterable[str], *, using: str) -> dict[str, ChannelState]:
    """What is known of these channels; a row is made for those of which nothing is."""
    rows = ChannelState.objects.using(using)
    wanted = list(names)
    found = rows.in_bulk(wanted)
    if missing := [ChannelState(channel=name) for name in wanted if name not in found]:
        rows.bulk_create(missing, ignore_conflicts=True)
        found = rows.in_bulk(wanted)
    return found


def is_open(state: ChannelState, now: datetime) -> bool:
    """Whether the channel is left alone."""
    return state.open_until is not None and state.open_until > now


def is_on_trial(state: ChannelState, now: datetime) -> bool:
    """Whether the next attempt decides if it is left alone again."""
    return bool(state.failures >= conf.CIRCUIT_FAILURES) and not is_open(state, now)


def begin_trial(state: ChannelState, now: datetime) -> None:
    """Leave the channel to one attempt. If whoever makes it dies, another is made when a claim would end.

    The caller holds the row's lock, and saves it.
    """
    state.open_until = now + timedelta(seconds=conf.DELIVERY_LEASE_SECONDS)


def call_off_trial(name: str, *, using: str) -> None:
    """Let somebody else make the attempt that decides: there was nothing to send."""
    rows = ChannelState.objects.using(using).filter(pk=name, failures__gte=conf.CIRCUIT_FAILURES)
    rows.update(open_until=timezone.now())


@retry_deadlocks
def failed(name: str, error: str, *, trial: bool = False, for_sure: bool = False, using: str) -> bool:
    """Count a failure. Returns whether the channel is left alone now.

    Args:
        trial: it was the attempt that decides.
        for_sure: nothing can work: do not wait for several failures.
    """
    now = timezone.now()
    states([name], using=using)
    with short_transaction(using=using):
        state = ChannelState.objects.using(using).select_for_update().get(pk=name)
        was_open = is_open(state, now) and not trial
        # Attempts that were under way when it was opened are old news, and must not make the pause longer.
        if not was_open:
            state.failures = max(state.failures + 1, conf.CIRCUIT_FAILURES if for_sure else 0)
        _note(state, error, now, pause=not was_open, using=using)
    return _is_left_alone(state, now, is_news=not was_open)


@retry_deadlocks
def refused(name: str, user_id: Any, error: str, *, trial: bool = False, using: str) -> bool:
    """Note that the provider refused a message for good. Returns whether the channel is left alone now.

    It answers, so it is not down. But one that refuses several people, and takes nothing from anybody in between, would
    throw away all that waits.
    """
    now = timezone.now()
    states([name], using=using)
    with short_transaction(using=using):
        state = ChannelState.objects.using(using).select_for_update().get(pk=name)
        was_open = is_open(state, now) and not trial
        if not was_open:
            people = list(dict.fromkeys([*state.refused, str(user_id)]))
            state.refused = people[: int(conf.CIRCUIT_FAILURES)]
            everybody = len(state.refused) >= conf.CIRCUIT_FAILURES
            state.failures = max(state.failures + 1, conf.CIRCUIT_FAILURES) if everybody else 0
            state.open_until = None
        _note(state, error, now, pause=not was_open, using=using)
    return _is_left_alone(state, now, is_news=not was_open)


def _note(state: ChannelState, error: str, now: datetime, *, pause: bool, using: str) -> None:
    """Write it, and leave the channel alone if that was once too often. The caller holds the row's lock."""
    if pause and state.failures >= conf.CIRCUIT_FAILURES:
        state.open_until = now + timedelta(seconds=_pause_seconds(state.failures))
    state.last_error, state.last_failed_at = error.replace("\0", "")[:ERROR_CHARACTERS], now
    state.save(using=using, update_fields=["failures", "refused", "open_until", "last_error", "last_failed_at"])


def _is_left_alone(state: ChannelState, now: datetime, *, is_news: bool) -> bool:
    opened = is_open(state, now)
    if opened and is_news:
        logger.warning(
            "a delivery channel is left alone for a while",
            extra={
                "channel": state.pk,
                "failures": state.failures,
                "until": str(state.open_until),
                "error": state.last_error,
            },
        )
    return opened


@retry_deadlocks
def succeeded(name: str, *, using: str) -> None:
    """Note that the provider took a message."""
    row = ChannelState.objects.using(using).filter(pk=name)
    works: dict[str, Any] = {"failures": 0, "refused": [], "open_until": None, "last_sent_at": timezone.now()}
    if row.filter(failures__gte=conf.CIRCUIT_FAILURES).update(**works):
        logger.info("a delivery channel works again", extra={"channel": name})
    else:
        row.update(**works)


def _pause_seconds(failures: int) -> float:
    again = min(failures - conf.CIRCUIT_FAILURES, 60)
    first = float(conf.CIRCUIT_SECONDS)
    return float(min(first * 2.0**again, max(first, LONGEST_SECONDS)))
