"""What goes out, and what waits."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from django.utils import timezone

from ..conf import conf
from ..inbox.database import write_database
from ..models import ChannelState, Delivery, Status
from ..observability.metrics import Measured, Metric

# Outcomes: sent, skipped, failed; retried (an attempt failed, another follows), delayed (quiet hours, a rate, …).
deliveries_total = Metric("deliveries_total", "Deliveries that this process ended or put off.", "channel", "outcome")


def _waiting() -> Iterator[tuple[tuple[str, ...], float]]:
    rows = Delivery.objects.using(write_database()).filter(status=Status.QUEUED, channel__in=list(conf.CHANNELS))
    counts = dict(rows.order_by().values_list("channel").annotate(Count("pk")))
    for name in conf.CHANNELS:
        yield (name,), float(counts.get(name, 0))


def _left_alone() -> Iterator[tuple[tuple[str, ...], float]]:
    left_alone = ChannelState.objects.using(write_database()).filter(open_until__gt=timezone.now())
    names = set(left_alone.values_list("channel", flat=True))
    for name in conf.CHANNELS:
        yield (name,), float(name in names)


deliveries_waiting = Measured(
    "deliveries_waiting", "Deliveries of the whole site that wait, for whatever.", "channel", measure=_waiting
)
delivery_channel_open = Measured(
    "delivery_channel_open", "1 while a channel is left alone because it fails.", "channel", measure=_left_alone
)
