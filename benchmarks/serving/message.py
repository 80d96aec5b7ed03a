"""What every system sends: the same words, and when they were sent."""

from __future__ import annotations

import time

TYPE = "stock_alert"
SUBJECT = "Blue paint is running low"
MESSAGE = (
    "Only 4 of 120 cans are left in the northern store, and the last order took nine days to come. "
    "Whoever is responsible for it should order now, or tell the shops to offer something else."
)

# Written once into many prepared frames, and replaced when one is sent.
LATER = 10**15 + 7


def now() -> int:
    """Nanoseconds of the clock that the load client reads, too."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
