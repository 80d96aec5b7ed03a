"""Send so many a second, evenly."""

from __future__ import annotations

import time
from collections.abc import Callable

TICK_SECONDS = 0.001
MOST_AT_ONCE = 500


def paced(send: Callable[[int], None], *, rate: float, seconds: float) -> dict[str, float]:
    """Call ``send(count)`` with what is due, every millisecond. Who comes late catches up, or the rate would be a wish.

    Returns how many were sent and what it took.
    """
    began = time.monotonic()
    total = int(rate * seconds)
    sent = 0
    while sent < total:
        due = min(total, int((time.monotonic() - began) * rate))
        count = min(due - sent, MOST_AT_ONCE)
        if count:
            send(count)
            sent += count
        if due - sent < 1:
            time.sleep(TICK_SECONDS)
    return {"sent": sent, "seconds": time.monotonic() - began}
