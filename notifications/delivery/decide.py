"""Whether a notification goes out on a channel, and when: the rules, and nothing but the rules.

The same function decides for one person, for a hundred thousand, and again when what was put off is due. It asks
nobody: see :mod:`~notifications.delivery.outbox` for where the facts come from.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from ..exceptions import UnknownType
from ..models import Frequency, PriorityFilter, Reason, Status
from ..preferences.mutes import Target
from ..types import Priority, get_type
from .quiet_hours import next_digest, quiet_until
from .wishes import Wishes

PASSES: dict[str, Collection[str]] = {
    PriorityFilter.ALL.value: frozenset(Priority.values),
    PriorityFilter.HIGH_OR_CRITICAL.value: frozenset({Priority.HIGH.value, Priority.CRITICAL.value}),
    PriorityFilter.CRITICAL_ONLY.value: frozenset({Priority.CRITICAL.value}),
}

# What may put a delivery off when it is decided first …
ALL_WAITS = frozenset({Reason.ESCALATION, Reason.DIGEST, Reason.QUIET_HOURS})
# … and when it is due: it has waited for whether it would be read.
LATER_WAITS = ALL_WAITS - {Reason.ESCALATION}


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery. ``due_at`` is set where it is queued, and only there.

    Queued without a reason means: send it now.
    """

    status: Status
    reason: Reason | str = ""
    due_at: datetime | None = None

    @property
    def is_to_be_sent(self) -> bool:
        """Now, not later."""
        return self.status == Status.QUEUED and not self.reason


@dataclass(frozen=True, slots=True)
class Question:
    """One notification on one channel, whoever it is for.

    ``required`` is a channel that nobody can switch off for this type; ``escalates_after`` how long it waits for the
    notification to be read.
    """

    channel: str
    is_configured: bool
    type: str = ""
    target: Target | None = None
    priority: str = Priority.MEDIUM.value
    required: bool = False
    escalates_after: timedelta | None = None


def question_about(channel: str, *, is_configured: bool, type: str, target: Target | None, priority: str) -> Question:  # noqa: A002 - a notification's field
    """With what the registered type says. A type that is registered no more requires nothing and waits for nothing."""
    try:
        kind = get_type(type)
    except UnknownType:
        return Question(channel, is_configured, type, target, priority)
    required, wait = channel in kind.required, kind.escalate.get(channel)
    return Question(channel, is_configured, type, target, priority, required, wait)


def decide(
    question: Question,
    wishes: Wishes,
    *,
    has_address: bool,
    now: datetime,
    waits: Collection[str] = ALL_WAITS,
) -> Decision:
    """Apply the rules in their order: the first that objects decides.

    Args:
        waits: which of the three rules that put off are looked at.
    """
    if not question.is_configured:
        return Decision(Status.SKIPPED, Reason.NOT_CONFIGURED)
    if not question.required and (reason := _unwanted(question, wishes, now)):
        return Decision(Status.SKIPPED, reason)
    if not has_address:
        return Decision(Status.SKIPPED, Reason.NO_ADDRESS)
    if question.escalates_after is not None and Reason.ESCALATION in waits:
        return Decision(Status.QUEUED, Reason.ESCALATION, now + question.escalates_after)
    if question.priority != Priority.CRITICAL and (later := _put_off(wishes, now, waits)):
        return later
    return Decision(Status.QUEUED, due_at=now)


def _unwanted(question: Question, wishes: Wishes, now: datetime) -> Reason | None:
    if (question.type, "") in wishes.off:
        return Reason.TYPE_OFF
    if ("", question.channel) in wishes.off or (question.type, question.channel) in wishes.off:
        return Reason.PREFERENCE
    if question.type in wishes.muted_types or question.target in wishes.muted_targets:
        return Reason.MUTED
    if wishes.paused_until is not None and now < wishes.paused_until and question.priority != Priority.CRITICAL:
        return Reason.PAUSED
    if question.priority not in PASSES[wishes.priority]:
        return Reason.PRIORITY
    return None


def _put_off(wishes: Wishes, now: datetime, waits: Collection[str]) -> Decision | None:
    """A digest comes at its time, but not in the person's quiet hours: then when they end."""
    if Reason.DIGEST in waits and wishes.frequency != Frequency.INSTANT:
        slot = next_digest(_aware(now), wishes.frequency, wishes.digest_time, wishes.digest_weekday, wishes.zone)
        return Decision(Status.QUEUED, Reason.DIGEST, _stored(_end_of_quiet(wishes, slot) or slot))
    if Reason.QUIET_HOURS in waits and (end := _end_of_quiet(wishes, _aware(now))):
        return Decision(Status.QUEUED, Reason.QUIET_HOURS, _stored(end))
    return None


def _end_of_quiet(wishes: Wishes, moment: datetime) -> datetime | None:
    return quiet_until(moment, *wishes.quiet, wishes.zone) if wishes.quiet else None


def _aware(moment: datetime) -> datetime:
    """A site without ``USE_TZ`` writes moments as its own clocks show them."""
    return timezone.make_aware(moment, timezone.get_default_timezone()) if timezone.is_naive(moment) else moment


def _stored(moment: datetime) -> datetime:
    return moment if settings.USE_TZ else timezone.make_naive(moment, timezone.get_default_timezone())
