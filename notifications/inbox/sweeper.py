"""Finish what a crash, raw SQL, a fixture or a lock not had in time left undone."""

from __future__ import annotations

from ..models import Notification
from .expansion import expand_waiting
from .inboxes import ensure_inboxes, remove_left_over
from .sequencer import number

USERS_PER_SWEEP = 1_000
CHUNKS_PER_SWEEP = 20


def sweep(*, using: str) -> bool:
    """Number what is pending and expand what waits. Returns whether there may be more.

    Cheap when there is nothing to do: three look-ups in partial indexes. Inboxes that are being numbered are skipped,
    and so are sends that have just begun.
    """
    pending = Notification.objects.using(using).filter(pending=True).order_by()
    user_ids = list(pending.values_list("recipient_id", flat=True).distinct()[:USERS_PER_SWEEP])
    numbered = 0
    if user_ids:
        # Made first: where busy inboxes are skipped, one that does not exist looks like a busy one.
        if gone := ensure_inboxes(user_ids, using=using):
            remove_left_over(gone, using=using)
        numbered = number(user_ids, using=using, skip_busy=True)
    expanded = expand_waiting(CHUNKS_PER_SWEEP, using=using)
    # Without progress there is no "more": what is stuck now is looked at again in a second, not at once.
    return (len(user_ids) == USERS_PER_SWEEP and numbered > 0) or expanded > 0
