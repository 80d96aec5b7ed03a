"""The rules, one after the other: what objects first decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import NotificationType, register, types
from notifications.delivery.decide import ALL_WAITS, LATER_WAITS, Decision, Question, decide, question_about
from notifications.delivery.wishes import Wishes
from notifications.models import Reason, Status
from notifications.preferences.mutes import Target

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)  # a Tuesday
NIGHT = datetime(2026, 5, 5, 23, tzinfo=UTC)
LATER, EARLIER = NOON + timedelta(hours=1), NOON - timedelta(hours=1)
BOX = Target(7, "a")
HELLO = Question("email", True, "hello", BOX)
NO_WISHES = Wishes(zone=UTC)
AT_NIGHT = replace(NO_WISHES, quiet=(time(22, 0), time(7, 0)))
DAILY = replace(NO_WISHES, frequency="daily")
NOW = Decision(Status.QUEUED, due_at=NOON)


def decided(question: Question = HELLO, wishes: Wishes = NO_WISHES, **given: Any) -> Decision:
    return decide(question, wishes, **{"has_address": True, "now": NOON, **given})


def skipped(reason: Reason) -> Decision:
    return Decision(Status.SKIPPED, reason)


def test_nobody_objects() -> None:
    assert decided() == NOW
    assert decided().is_to_be_sent


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"off": {("hello", "")}}, Reason.TYPE_OFF),
        ({"off": {("", "email")}}, Reason.PREFERENCE),
        ({"off": {("hello", "email")}}, Reason.PREFERENCE),
        ({"muted_types": {"hello"}}, Reason.MUTED),
        ({"muted_targets": {BOX}}, Reason.MUTED),
        ({"paused_until": LATER}, Reason.PAUSED),
        ({"priority": "high_or_critical"}, Reason.PRIORITY),
        ({"priority": "critical_only"}, Reason.PRIORITY),
    ],
)
def test_who_does_not_want_it_does_not_get_it_unless_the_channel_is_required(
    wishes: dict[str, Any], reason: Reason
) -> None:
    given = replace(NO_WISHES, **wishes)
    assert decided(wishes=given) == skipped(reason)
    assert decided(replace(HELLO, required=True), given) == NOW


@pytest.mark.parametrize(
    "wishes",
    [
        {"off": {("other", ""), ("", "sms"), ("hello", "sms"), ("other", "email")}},
        {"muted_types": {"other"}},
        {"muted_targets": {Target(7, "A"), Target(8, "a")}},
        {"paused_until": NOON},
        {"paused_until": EARLIER},
    ],
)
def test_what_is_said_of_others_does_not_matter(wishes: dict[str, Any]) -> None:
    assert decided(wishes=replace(NO_WISHES, **wishes)) == NOW


def test_what_is_about_nothing_is_not_muted_with_something() -> None:
    assert decided(replace(HELLO, target=None), replace(NO_WISHES, muted_targets={BOX})) == NOW


@pytest.mark.parametrize(
    ("chosen", "pass_"),
    [
        ("all", ["low", "medium", "high", "critical"]),
        ("high_or_critical", ["high", "critical"]),
        ("critical_only", ["critical"]),
    ],
)
def test_the_priority_filter(chosen: str, pass_: list[str]) -> None:
    wishes = replace(NO_WISHES, priority=chosen)
    priorities = ["low", "medium", "high", "critical"]
    assert [name for name in priorities if decided(replace(HELLO, priority=name), wishes) == NOW] == pass_


def test_what_is_critical_passes_pause_digest_and_quiet_hours_and_nothing_else() -> None:
    critical = replace(HELLO, priority="critical")
    wishes = replace(AT_NIGHT, paused_until=NIGHT + timedelta(days=1), frequency="daily")
    assert decided(critical, wishes, now=NIGHT) == Decision(Status.QUEUED, due_at=NIGHT)
    assert decided(critical, replace(wishes, muted_types={"hello"})) == skipped(Reason.MUTED)
    assert decided(critical, replace(wishes, off={("", "email")})) == skipped(Reason.PREFERENCE)


def test_no_channel_and_no_address() -> None:
    required = replace(HELLO, required=True)
    assert decided(replace(required, is_configured=False)) == skipped(Reason.NOT_CONFIGURED)
    assert decided(required, has_address=False) == skipped(Reason.NO_ADDRESS)


def test_quiet_hours_put_off() -> None:
    morning = datetime(2026, 5, 6, 7, tzinfo=UTC)
    assert decided(wishes=AT_NIGHT) == NOW
    assert decided(wishes=AT_NIGHT, now=NIGHT) == Decision(Status.QUEUED, Reason.QUIET_HOURS, morning)
    required = replace(HELLO, required=True)
    assert decided(required, AT_NIGHT, now=NIGHT) == Decision(Status.QUEUED, Reason.QUIET_HOURS, morning)
    assert not decided(wishes=AT_NIGHT, now=NIGHT).is_to_be_sent


def test_quiet_hours_are_in_the_persons_time_zone() -> None:
    wishes = replace(AT_NIGHT, zone=ZoneInfo("Asia/Tokyo"))  # where it is 21:00 at noon, and 22:00 an hour later
    assert decided(wishes=wishes) == NOW
    assert decided(wishes=wishes, now=LATER).due_at == datetime(2026, 5, 5, 22, tzinfo=UTC)


def test_a_digest() -> None:
    assert decided(wishes=DAILY) == Decision(Status.QUEUED, Reason.DIGEST, datetime(2026, 5, 6, 8, tzinfo=UTC))
    weekly = replace(DAILY, frequency="weekly", digest_time=time(18, 30), digest_weekday=4)
    assert decided(wishes=weekly) == Decision(Status.QUEUED, Reason.DIGEST, datetime(2026, 5, 8, 18, 30, tzinfo=UTC))


def test_a_digest_that_would_come_in_quiet_hours_comes_when_they_end() -> None:
    wishes = replace(DAILY, quiet=(time(22, 0), time(9, 30)))
    assert decided(wishes=wishes).due_at == datetime(2026, 5, 6, 9, 30, tzinfo=UTC)


def test_an_escalation_waits_first_and_for_everything_else_afterwards() -> None:
    question = replace(HELLO, escalates_after=timedelta(minutes=10))
    wishes = replace(AT_NIGHT, frequency="daily")
    waiting = Decision(Status.QUEUED, Reason.ESCALATION, NIGHT + timedelta(minutes=10))
    assert decided(question, wishes, now=NIGHT) == waiting
    assert decided(replace(question, priority="critical"), now=NIGHT) == waiting
    assert decided(question, replace(wishes, muted_types={"hello"}), now=NIGHT) == skipped(Reason.MUTED)
    assert decided(question, wishes, now=NIGHT, waits=LATER_WAITS).reason == Reason.DIGEST
    assert decided(question, AT_NIGHT, now=NIGHT, waits=LATER_WAITS).reason == Reason.QUIET_HOURS
    assert decided(question, waits=LATER_WAITS) == NOW


# In the order in which they are looked at.
OBJECTIONS: list[tuple[Reason, dict[str, Any], dict[str, Any]]] = [
    (Reason.NOT_CONFIGURED, {"is_configured": False}, {}),
    (Reason.TYPE_OFF, {}, {"off": {("hello", "")}}),
    (Reason.PREFERENCE, {}, {"off": {("", "email")}}),
    (Reason.MUTED, {}, {"muted_types": {"hello"}}),
    (Reason.PAUSED, {}, {"paused_until": NIGHT + timedelta(days=1)}),
    (Reason.PRIORITY, {}, {"priority": "high_or_critical"}),
    (Reason.NO_ADDRESS, {}, {}),
    (Reason.ESCALATION, {"escalates_after": timedelta(minutes=10)}, {}),
    (Reason.DIGEST, {}, {"frequency": "daily"}),
    (Reason.QUIET_HOURS, {}, {"quiet": (time(22, 0), time(7, 0))}),
]


@given(st.sets(st.integers(0, len(OBJECTIONS) - 1)))
def test_of_several_objections_the_first_is_the_reason(which: set[int]) -> None:
    question, wishes, off = HELLO, NO_WISHES, set()
    for _, changed, wish in (OBJECTIONS[number] for number in which):
        question = replace(question, **changed)
        off |= wish.get("off", set())
        wishes = replace(wishes, **{**wish, "off": off})
    has_address = OBJECTIONS[6][0] not in {OBJECTIONS[number][0] for number in which}
    decision = decided(question, wishes, has_address=has_address, now=NIGHT)
    assert decision.reason == (OBJECTIONS[min(which)][0] if which else "")
    assert (decision.due_at is None) == (decision.status == Status.SKIPPED)


wishes_of_any_sort = st.builds(
    Wishes,
    off=st.sets(st.tuples(st.sampled_from(["", "hello", "other"]), st.sampled_from(["", "email", "sms"]))),
    muted_types=st.sets(st.sampled_from(["hello", "other"])),
    muted_targets=st.sets(st.sampled_from([BOX, Target(8, "a")])),
    priority=st.sampled_from(["all", "high_or_critical", "critical_only"]),
    quiet=st.none() | st.tuples(st.times(), st.times()).map(lambda pair: tuple(t.replace(microsecond=0) for t in pair)),
    zone=st.sampled_from([UTC, ZoneInfo("Europe/Madrid"), ZoneInfo("America/Havana")]),
    frequency=st.sampled_from(["instant", "daily", "weekly"]),
    digest_time=st.times().map(lambda t: t.replace(microsecond=0)),
    digest_weekday=st.integers(0, 6),
    paused_until=st.none() | st.datetimes(timezones=st.just(UTC)),
)
questions = st.builds(
    Question,
    channel=st.just("email"),
    is_configured=st.booleans(),
    type=st.just("hello"),
    target=st.sampled_from([None, BOX]),
    priority=st.sampled_from(["low", "medium", "high", "critical"]),
    required=st.booleans(),
    escalates_after=st.none() | st.timedeltas(timedelta(), timedelta(days=1)),
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(questions, wishes_of_any_sort, st.booleans(), moments)
def test_whatever_is_wished_a_decision_is_whole_and_comes_to_an_end(
    question: Question, wishes: Wishes, has_address: bool, now: datetime
) -> None:
    decision = decide(question, wishes, has_address=has_address, now=now)
    for waits in (LATER_WAITS, LATER_WAITS - {Reason.DIGEST}):
        if decision.status == Status.SKIPPED or decision.is_to_be_sent:
            break
        assert decision.due_at is not None
        assert decision.due_at >= now
        # As the worker does, when it is due: nothing is put off for ever.
        now = decision.due_at
        decision = decide(question, wishes, has_address=has_address, now=now, waits=waits)
    if decision.reason == Reason.QUIET_HOURS:  # after a digest's time, or an escalation
        now = decision.due_at or now
        decision = decide(question, wishes, has_address=has_address, now=now, waits={Reason.QUIET_HOURS})
    assert (decision.status == Status.SKIPPED and decision.due_at is None) or decision.is_to_be_sent
    assert not (decision.is_to_be_sent and decision.due_at != now)


@pytest.fixture
def kinds() -> Iterator[None]:
    before = dict(types._registry)
    yield
    types._registry.clear()
    types._registry.update(before)


@pytest.mark.usefixtures("kinds")
def test_what_a_type_requires_and_waits_for() -> None:
    @register
    class Alarm(NotificationType):
        required = ("sms",)
        escalate = {"email": timedelta(minutes=10)}

    about = {"is_configured": True, "type": Alarm.slug, "target": None, "priority": "high"}
    sms, email = question_about("sms", **about), question_about("email", **about)
    assert (sms.required, sms.escalates_after) == (True, None)
    assert (email.required, email.escalates_after) == (False, timedelta(minutes=10))
    gone = question_about("sms", **{**about, "type": "no_such_type"})
    assert gone == Question("sms", True, "no_such_type", None, "high")


def test_a_site_without_time_zones(settings: Any) -> None:
    """Its moments are what its own clocks show."""
    settings.USE_TZ, settings.TIME_ZONE = False, "Europe/Madrid"
    night = datetime(2026, 5, 5, 23)  # noqa: DTZ001
    wishes = replace(AT_NIGHT, zone=ZoneInfo("Europe/Madrid"))
    assert decided(wishes=wishes, now=night).due_at == datetime(2026, 5, 6, 7)  # noqa: DTZ001
    assert decided(now=night).due_at == night
    assert decided(wishes=replace(DAILY, zone=ZoneInfo("Europe/Madrid")), now=night).due_at == datetime(2026, 5, 6, 8)  # noqa: DTZ001


def test_the_rules_that_put_off() -> None:
    assert LATER_WAITS | {Reason.ESCALATION} == ALL_WAITS
    assert Reason.ESCALATION not in LATER_WAITS
