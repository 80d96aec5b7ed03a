"""How long to wait before a delivery is tried again."""

from __future__ import annotations

import random

from ..conf import conf

# A provider may ask for as long as it likes, and a delivery must not wait for ever.
LONGEST_ASKED_SECONDS = 24 * 3600.0


def retry_seconds(attempts: int, *, asked: float | None = None) -> float:
    """Twice as long after each attempt, somewhere between half of that and all of it.

    The chance spreads what failed together: it must not come back together.

    Args:
        attempts: how many have failed, at least 1.
        asked: seconds that the provider asked to wait. Never less than that.
    """
    whole = min(conf.DELIVERY_RETRY_SECONDS * 2.0 ** min(attempts - 1, 60), conf.DELIVERY_RETRY_MOST_SECONDS)
    seconds = random.uniform(whole / 2, whole)  # noqa: S311 - chance, not a secret
    return max(seconds, min(asked or 0.0, LONGEST_ASKED_SECONDS))
