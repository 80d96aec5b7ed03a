"""Why a notification reached its recipient by a delivery channel, or did not, or not yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ..inbox.database import write_database
from ..models import ChannelState, Delivery, Notification, Reason, Status
from ..types import DeliveryChannel
from .labels import channel_label
from .popups import popups_held_back
from .reasons import FAILED, in_words, popup_held_back_in_words, with_moment
from .registry import answer_is_public, channel_names

IN_APP, WEBSOCKET = DeliveryChannel.IN_APP.value, DeliveryChannel.WEBSOCKET.value
SILENT = "silent"  # no Reason: it is the sender's wish, and no row says so
NOT_ASKED = "not_asked"  # neither


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was decided for one delivery channel.

    ``status`` and ``reason`` are values of :class:`~notifications.models.delivery.Status` and
    :class:`~notifications.models.delivery.Reason`, for programs; of the channels that the inbox itself carries,
    ``reason`` may also be ``silent``, and of one that nobody asked for it is ``not_asked``. What pops up, browsers
    decide; of that it is told what the person's preferences of today mean for it. ``text`` says all of it to people,
    in the current language and time zone. Of what comes together with others, ``attempts``, the times and the
    ``answer`` are those of the message that brings them.
    """

    channel: str
    label: str
    status: str
    status_label: str
    reason: str
    text: str
    attempts: int = 0
    created_at: datetime | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    answer: str = ""
    digest: bool = False
    delivery_id: int | None = None


def explain(notification: Notification) -> list[Explanation]:
    """One for each delivery channel: the inbox's own two, those asked for, and the others that the site has.

    It is for who runs the site: show the recipient what :func:`for_recipient` leaves of it. Five queries at most.
    """
    return explain_all([notification])[notification.pk]


def for_recipient(explanations: Iterable[Explanation]) -> list[Explanation]:
    """The same without what is not for the recipient's eyes.

    An error's text, or a provider's answer, may hold keys, addresses and names from inside the site. So there is none
    of what was not sent, and of what was sent only where the channel's class says ``answer_is_public``.
    """
    return [_for_recipient(each) for each in explanations]


def _for_recipient(explanation: Explanation) -> Explanation:
    if explanation.status == Status.SENT and answer_is_public(explanation.channel):
        return explanation
    text = explanation.text
    if explanation.status == Status.FAILED and explanation.reason in FAILED:
        text = f"{text} {FAILED[explanation.reason]}"
    return replace(explanation, text=text, answer="")


def explain_all(notifications: Collection[Notification], *, using: str | None = None) -> dict[int, list[Explanation]]:
    """The same for many, by their ids, with the same five queries."""
    using = using or write_database()
    rows = defaultdict(list)
    wanted = Delivery.objects.using(using).filter(notification__in=[each.pk for each in notifications])
    for row in wanted.select_related("digest").order_by("pk"):
        rows[row.notification_id].append(row)
    closed = _closed_channels((row for found in rows.values() for row in found), using=using)
    held_back = popups_held_back(notifications, using=using)
    return {
        each.pk: [*_built_in(each, held_back.get(each.pk)), *_others(rows[each.pk], closed)] for each in notifications
    }


def _closed_channels(rows: Iterable[Delivery], *, using: str) -> dict[str, datetime]:
    """Until when nothing is tried, of the channels that something waits for and whose provider fails."""
    names = {row.channel for row in rows if row.status == Status.QUEUED}
    if not names:
        return {}
    states = ChannelState.objects.using(using).filter(channel__in=names, open_until__gt=timezone.now())
    closed: dict[str, Any] = dict(states.values_list("channel", "open_until"))
    return closed


def _built_in(notification: Notification, held_back: Reason | None) -> list[Explanation]:
    created_at = notification.created_at
    in_app = _explanation(IN_APP, Status.SENT, "", _listed(notification), created_at=created_at)
    if notification.silent:
        text = _("Open pages showed it at once, but nothing popped up: the sender asked for no pop-up.")
        popup = _explanation(WEBSOCKET, Status.SKIPPED, SILENT, text, created_at=created_at)
    elif held_back is not None:
        text = popup_held_back_in_words(held_back)
        popup = _explanation(WEBSOCKET, Status.SKIPPED, held_back, text, created_at=created_at)
    else:
        text = _("Open pages showed it at once, and it popped up there. Other pages show it when they are opened.")
        popup = _explanation(WEBSOCKET, Status.SENT, "", text, created_at=created_at)
    return [in_app, popup]


def _listed(notification: Notification) -> str:
    if notification.deleted_at is not None:
        return with_moment(_("It was in the list, and was deleted on {moment}."), notification.deleted_at)
    if notification.read_at is not None:
        return with_moment(_("It is in the list, and was read on {moment}."), notification.read_at)
    return _("It is in the list, unread.")


def _others(rows: list[Delivery], closed: Mapping[str, datetime]) -> list[Explanation]:
    """In the order of the settings; those that the site has no more come last."""
    by_channel = {row.channel: row for row in rows}
    names = [*channel_names(), *by_channel]
    return [
        _of_row(by_channel[name], closed.get(name)) if name in by_channel else _not_asked(name)
        for name in dict.fromkeys(names)
    ]


def _not_asked(channel: str) -> Explanation:
    text = _("Nobody asked for it: neither the sender nor this type of notification names it.")
    return _explanation(channel, Status.SKIPPED, NOT_ASKED, text)


def _of_row(row: Delivery, closed_until: datetime | None) -> Explanation:
    carrier = row.digest or row
    return _explanation(
        row.channel,
        Status(row.status),
        row.reason,
        in_words(row, closed_until=closed_until),
        attempts=carrier.attempts,
        created_at=row.created_at,
        due_at=carrier.due_at if row.status == Status.QUEUED else None,
        finished_at=row.finished_at or carrier.finished_at,
        answer=row.answer or carrier.answer,
        digest=row.digest_id is not None or row.reason == Reason.DIGEST,
        delivery_id=row.pk,
    )


def _explanation(channel: str, status: Status, reason: str, text: str, **more: Any) -> Explanation:
    label: str | Promise = channel_label(channel)
    return Explanation(channel, str(label), str(status), str(status.label), str(reason), text, **more)
