"""What does not pop up, by the preferences as they are now.

Browsers decide that in the moment in which it would (``static/notifications/client/wishes.js``), by the same rules as
the other delivery channels; here they are applied afterwards, to explain it.
"""

from __future__ import annotations

from collections.abc import Collection

from ..models import Notification, Reason
from ..preferences.mutes import target_of
from ..types import DeliveryChannel
from .decide import Question, decide, question_about
from .wishes import wishes_of


def popups_held_back(notifications: Collection[Notification], *, using: str) -> dict[int, Reason]:
    """Those that do not pop up, by their ids, and why. Three queries."""
    asked = [each for each in notifications if not each.silent]
    if not asked:
        return {}
    wishes = wishes_of(
        {each.recipient_id for each in asked},
        types={each.type for each in asked},
        targets={target for each in asked if (target := target_of(each)) is not None},
        now=min(each.created_at for each in asked),
        using=using,
    )
    found = {}
    for each in asked:
        decision = decide(
            _question(each),
            wishes[each.recipient_id],
            has_address=True,
            now=each.created_at,
            waits={Reason.QUIET_HOURS},
        )
        if decision.reason:
            found[each.pk] = Reason(decision.reason)
    return found


def _question(notification: Notification) -> Question:
    return question_about(
        DeliveryChannel.WEBSOCKET.value,
        is_configured=True,
        type=notification.type,
        target=target_of(notification),
        priority=str(notification.priority),
    )
