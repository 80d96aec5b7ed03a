"""How fast a delivery channel may go: ``RATE`` for its provider, ``USER_RATE`` for each person."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from ..conf import conf
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import ChannelState, Delivery, Reason, Status
from . import circuit

# How far ahead places are given out. Whoever has one waits for it, so it must be short.
AHEAD_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 600.0
TRIED = Q(status=Status.SENT) | Q(status=Status.FAILED, reason=Reason.REFUSED)
LOOK_AGAIN_SECONDS = 5.0  # whether what was under way to somebody has come to its end

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_RATE = re.compile(r"([1-9][0-9]{0,8})/([0-9]{0,6})([smhd])")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds."""

    count: int
    seconds: int

    @property
    def interval(self) -> timedelta:
        """The time between two, evenly spread."""
        return timedelta(seconds=self.seconds / self.count)


@lru_cache(maxsize=256)
def parse(text: Any) -> Rate:
    """Read ``"100/s"``, ``"20/m"``, ``"500/h"``, ``"1000/d"`` or, of any other time, ``"20/10m"``.

    Raises:
        ValueError: it is none of these; the text says what they look like.
    """
    match = _RATE.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2].startswith("0"):
        raise ValueError(f"{text!r} is no rate. Write '100/s', '20/m', '500/h', '1000/d', or '20/10m'.")
    return Rate(int(match[1]), int(match[2] or 1) * _SECONDS[match[3]])


def provider_rate(name: str) -> Rate | None:
    """``RATE`` of a channel, if it has one."""
    return _option(name, "RATE")


def person_rate(name: str) -> Rate | None:
    """``USER_RATE`` of a channel, if it has one."""
    return _option(name, "USER_RATE")


def _option(name: str, option: str) -> Rate | None:
    text = conf.CHANNELS.get(name, {}).get(option)
    return parse(text) if text else None


def places(state: ChannelState, rate: Rate | None, now: datetime, *, limit: int) -> tuple[int, datetime]:
    """How many may go, up to ``limit``, and when the first one may; evenly spread, so never more than ``rate``."""
    first = max(state.next_at or now, now)
    until = now + timedelta(seconds=AHEAD_SECONDS)
    if first > until or (rate is None and first > now):
        return 0, first
    if rate is None:
        return limit, first
    return min(limit, math.floor((until - first) / rate.interval) + 1), first


@retry_deadlocks
def pause(name: str, seconds: float, *, using: str) -> None:
    """Send nothing on this channel for a while, at most ten minutes: its provider said so."""
    until = timezone.now() + timedelta(seconds=min(seconds, LONGEST_PAUSE_SECONDS))
    circuit.states([name], using=using)
    with short_transaction(using=using):
        state = ChannelState.objects.using(using).select_for_update().get(pk=name)
        if state.next_at is None or state.next_at < until:
            state.next_at = until
            state.save(using=using, update_fields=["next_at"])


class TooMany(Exception):
    """One person has had as many as the channel's ``USER_RATE`` allows.

    Args:
        until: when they may have one again, or when to look again.
    """

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until}")
        self.until = until


def take_turns(delivery: Delivery, *, using: str) -> None:
    """Wait for whoever is about to begin one for the same person on the same channel.

    All that they have claimed is locked, in one order, for the rest of the transaction. Of two claims the later one
    sees the rows of both. A database without row locks has one for all.
    """
    if connections[using].features.has_select_for_update:
        rows = _of(delivery, using=using).filter(status=Status.QUEUED, finished_at=None, claim__isnull=False)
        list(rows.select_for_update().order_by("pk").values_list("pk"))


def require_place(delivery: Delivery, rate: Rate, *, using: str) -> None:
    """Count what the person had of late, and what is under way to them beside ``delivery``.

    Raises:
        TooMany: that is all that they may have.
    """
    now, window = timezone.now(), timedelta(seconds=rate.seconds)
    rows = _of(delivery, using=using).exclude(pk=delivery.pk)
    # What a digest brought together was one.
    tried = rows.filter(TRIED, finished_at__gt=now - window, digest=None)
    had = tried.aggregate(count=Count("pk"), first=Min("finished_at"))
    if had["count"] >= rate.count:
        raise TooMany(had["first"] + window)
    under_way = rows.filter(status=Status.QUEUED, finished_at=None, begun_at__gt=now - window)
    if had["count"] + under_way.count() >= rate.count:
        raise TooMany(now + timedelta(seconds=LOOK_AGAIN_SECONDS))


def _of(delivery: Delivery, *, using: str) -> QuerySet[Delivery]:
    return Delivery.objects.using(using).filter(recipient_id=delivery.recipient_id, channel=delivery.channel)


class PersonalRates:
    """Who of some people has had enough. Counted once for all of them, and on from there by :meth:`count`.

    What a person's address refuses counts, too: it takes as long, and may cost as much. It spares the others' places of
    the provider's rate. :func:`require_place` decides.
    """

    def __init__(self, name: str, user_ids: Collection[Any], *, using: str) -> None:
        self._rate = person_rate(name)
        self._had: dict[Any, tuple[int, datetime]] = {}
        if self._rate is not None:
            since = timezone.now() - timedelta(seconds=self._rate.seconds)
            # What a digest brought together was one.
            tried = Delivery.objects.using(using).filter(
                TRIED,
                recipient_id__in=list(user_ids),
                channel=name,
                finished_at__gt=since,
                digest=None,
            )
            had = tried.order_by().values_list("recipient_id").annotate(Count("pk"), Min("finished_at"))
            self._had = {user_id: (count, first) for user_id, count, first in had}

    def wait_until(self, user_id: Any) -> datetime | None:
        """When this person may have one again; ``None`` for now."""
        if self._rate is None or user_id not in self._had:
            return None
        count, first = self._had[user_id]
        return None if count < self._rate.count else first + timedelta(seconds=self._rate.seconds)

    def count(self, user_id: Any) -> None:
        """One more was sent, or failed for reasons of this person's address."""
        had, first = self._had.get(user_id, (0, timezone.now()))
        self._had[user_id] = had + 1, first
