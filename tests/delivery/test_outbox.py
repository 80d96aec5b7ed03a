"""Rows of the outbox: what was decided when it was sent, and again when it is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications import NotificationType, register, types
from notifications.delivery.decide import Decision
from notifications.delivery.outbox import reconsider, write
from notifications.models import (
    Batch,
    Delivery,
    Mute,
    Notification,
    Preference,
    PreferenceChoice,
    Presence,
    Reason,
    Status,
)
from notifications.preferences.mutes import mute, target_of
from notifications.preferences.services import update_preferences
from notifications.signals import delivery_wanted

from .adapters import CHANNELS, PATH

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
NIGHT = datetime(2026, 5, 5, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def site(settings: Any) -> Iterator[None]:
    """Two channels of its own, two types, and a clock that stands still."""
    settings.NOTIFICATIONS = {"CHANNELS": CHANNELS}
    before = dict(types._registry)
    register("stock_alert")  # the site's own has wishes of its own
    with time_machine.travel(NOW, tick=False):
        yield
    types._registry.clear()
    types._registry.update(before)


@pytest.fixture
def ana() -> Any:
    return person("ana")


def person(name: str, **more: Any) -> Any:
    return get_user_model().objects.create_user(name, email=f"{name}@example.org", **more)


def people(count: int) -> list[Any]:
    some = (get_user_model()(username=f"p{n}", email=f"p{n}@example.org") for n in range(count))
    return list(get_user_model().objects.bulk_create(some))


def send(*recipients: Any, channels: Any = ("email",), type: str = "stock_alert", **more: Any) -> dict[str, Delivery]:  # noqa: A002
    """As the inbox does: to one person in the sender's transaction, to several in that of a chunk."""
    content = {"type": type, "subject": "Hello", **more}
    with transaction.atomic():
        rows = Notification.objects.bulk_create(Notification(recipient=each, **content) for each in recipients)
        about = rows[0] if len(rows) == 1 else Batch.objects.create(**content)
        ids = {row.recipient_id: row.pk for row in rows}
        answers = delivery_wanted.send(about.__class__, content=about, ids=ids, channels=channels, using="default")
    return next(answer for receiver, answer in answers if receiver is write)


def outcome(person: Any, channel: str = "email") -> tuple[str, str, datetime | None]:
    row = Delivery.objects.get(recipient=person, channel=channel)
    assert (row.finished_at is None) == (row.status == "queued")
    assert (row.due_at is None) == (row.status != "queued")
    return row.status, row.reason, row.due_at


def test_a_send_to_one_person_writes_a_row_for_each_channel_and_answers_with_them(ana: Any) -> None:
    answer = send(ana, channels=["email", "pager"])
    assert list(answer) == ["email", "pager"]
    stored = Delivery.objects.in_bulk(field_name="pk")
    assert {row.pk for row in answer.values()} == set(stored)
    for row in stored.values():
        assert (row.status, row.reason, row.due_at, row.created_at) == ("queued", "", NOW, NOW)
        assert (row.attempts, row.claim, row.digest_id, row.finished_at, row.answer) == (0, None, None, None, "")
        assert (row.recipient, row.notification.recipient) == (ana, ana)


def test_a_send_to_many_writes_a_row_for_each_person_and_channel_and_answers_nothing(ana: Any) -> None:
    ben, cleo = person("ben"), person("cleo")
    update_preferences(ben, {"channels": {"pager": False}, "frequency": "daily"})
    assert send(ana, ben, cleo, channels=["email", "pager"]) == {}
    tomorrow = datetime(2026, 5, 6, 8, tzinfo=UTC)
    for each in (ana, cleo):
        assert outcome(each) == outcome(each, "pager") == ("queued", "", NOW)
    assert outcome(ben) == ("queued", "digest", tomorrow)
    assert outcome(ben, "pager") == ("skipped", "preference", None)
    for row in Delivery.objects.select_related("notification"):
        assert row.recipient_id == row.notification.recipient_id
        assert (row.created_at, row.attempts, row.claim, row.digest_id, row.answer) == (NOW, 0, None, None, "")
        assert row.finished_at == (NOW if row.status == "skipped" else None)


def test_the_rows_go_with_the_transaction(ana: Any) -> None:
    with transaction.atomic():
        send(ana)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


REASONS: list[tuple[dict[str, Any], str]] = [
    ({"types": {"stock_alert": False}}, "type_off"),
    ({"channels": {"email": False}}, "preference"),
    ({"matrix": {"stock_alert": {"email": False}}}, "preference"),
    ({"mutes": [{"type": "stock_alert"}]}, "muted"),
    ({"paused_until": "2026-05-05T12:00:01Z"}, "paused"),
    ({"priority": "high_or_critical"}, "priority"),
]


@pytest.mark.parametrize(("wish", "reason"), REASONS)
@pytest.mark.parametrize("many", [False, True])
def test_who_does_not_want_it(ana: Any, wish: dict[str, Any], reason: str, many: bool) -> None:
    update_preferences(ana, wish)
    send(ana, *([person("ben")] if many else []))
    assert outcome(ana) == ("skipped", reason, None)


def test_a_target_that_is_muted(ana: Any) -> None:
    ben, cleo = person("ben"), person("cleo")
    mute(ana, target=ben)
    send(ana, target=cleo)
    assert outcome(ana) == ("queued", "", NOW)
    Delivery.objects.all().delete()
    send(ana, target=ben)
    assert outcome(ana) == ("skipped", "muted", None)


def test_who_has_no_address_and_who_is_not_active(ana: Any) -> None:
    ben, cleo = person("ben", is_active=False), person("cleo")
    get_user_model().objects.filter(pk=cleo.pk).update(email="")
    send(ana, ben, cleo)
    assert [outcome(each)[:2] for each in (ana, ben, cleo)] == [
        ("queued", ""),
        ("skipped", "no_address"),
        ("skipped", "no_address"),
    ]


def test_a_channel_that_this_site_does_not_have(ana: Any) -> None:
    send(ana, channels=["sms", "email"])
    assert outcome(ana, "sms") == ("skipped", "not_configured", None)
    assert outcome(ana) == ("queued", "", NOW)


@pytest.mark.parametrize(
    "options",
    [
        {"BACKEND": "no.such.Thing"},
        {"BACKEND": f"{PATH}.ByEmail", "ADDRESS": "phone"},
        {"BACKEND": f"{PATH}.Broken"},
        {"BACKEND": f"{PATH}.Elsewhere"},
    ],
)
def test_a_channel_that_is_set_up_wrongly_fails_no_send(ana: Any, settings: Any, options: Any) -> None:
    """It waits for the worker, which meets the same error and keeps it for people to read."""
    settings.NOTIFICATIONS = {"CHANNELS": {"email": options}}
    send(ana)
    assert outcome(ana) == ("queued", "", NOW)


def test_what_has_expired_already(ana: Any) -> None:
    send(ana, expires_at=NOW)
    assert outcome(ana) == ("skipped", "expired", None)


def test_who_does_not_want_it_does_not_hear_that_it_expired(ana: Any) -> None:
    update_preferences(ana, {"channels": {"email": False}})
    send(ana, expires_at=NOW - HOUR)
    assert outcome(ana) == ("skipped", "preference", None)


def test_quiet_hours_are_each_persons_own(ana: Any) -> None:
    ben = person("ben")
    quiet = {"quiet_hours_enabled": True, "quiet_hours_start": "12:00", "quiet_hours_end": "14:00"}
    update_preferences(ana, quiet)
    update_preferences(ben, {**quiet, "time_zone": "Europe/Lisbon"})  # an hour ahead of the site's UTC
    send(ana, ben)
    assert outcome(ana) == ("queued", "quiet_hours", NOW + 2 * HOUR)
    assert outcome(ben) == ("queued", "quiet_hours", NOW + HOUR)


def test_an_escalation_and_a_channel_that_is_required(ana: Any) -> None:
    @register
    class Alarm(NotificationType):
        required = ("email",)
        escalate = {"pager": timedelta(minutes=10)}

    update_preferences(ana, {"channels": {"email": False}})
    send(ana, type="alarm", channels=["email", "pager"])
    assert outcome(ana) == ("queued", "", NOW)
    assert outcome(ana, "pager") == ("queued", "escalation", NOW + timedelta(minutes=10))


# -- However many ---------------------------------------------------------------------------------------------


def mixed_crowd(count: int) -> list[Any]:
    """Every second has wishes, and those are of every sort."""
    crowd = people(count)
    rows = [Preference(user=each, frequency=["daily", "weekly", "instant"][n % 3]) for n, each in enumerate(crowd[::2])]
    Preference.objects.bulk_create(rows)
    off = [PreferenceChoice(user=each, type="", channel="pager", enabled=False) for each in crowd[::4]]
    PreferenceChoice.objects.bulk_create(off)
    Mute.objects.bulk_create(Mute(user=each, type="stock_alert") for each in crowd[::6])
    return crowd


def test_as_many_queries_for_five_hundred_as_for_fifty() -> None:
    counts = []
    for size in (50, 500):
        crowd = mixed_crowd(size)
        Delivery.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            send(*crowd, channels=["email", "pager"])
        asked = [query["sql"] for query in queries if not query["sql"].startswith(("INSERT", "SAVEPOINT", "RELEASE"))]
        inserts = [query["sql"] for query in queries if "INTO" in query["sql"] and "ntf_delivery" in query["sql"]]
        assert len(asked) == 3 + 2  # what they want; who can be reached on each of two channels
        assert connection.vendor == "sqlite" or len(inserts) == 1
        counts.append(len(asked))
        assert Delivery.objects.count() == 2 * size
        get_user_model().objects.all().delete()


def test_many_and_one_by_one_are_decided_alike() -> None:
    crowd = mixed_crowd(30)
    send(*crowd, channels=["email", "pager"])
    together = rows()
    Delivery.objects.all().delete()
    for each in crowd:
        send(each, channels=["email", "pager"])
    assert rows() == together
    assert {reason for *_, reason, _, _ in together} == {"", "digest", "preference", "muted"}


def rows() -> Counter[Any]:
    fields = ("recipient", "channel", "status", "reason", "due_at", "finished_at")
    return Counter(Delivery.objects.values_list(*fields))


# -- When it is due -------------------------------------------------------------------------------------------


def again(person: Any, channel: str = "email", *, now: datetime = NOW, **columns: Any) -> Decision:
    """Decide again about the person's row, after it has been made what ``columns`` say."""
    mine = Delivery.objects.filter(recipient=person, channel=channel)
    mine.update(**columns)
    [(pk, decision)] = reconsider(mine.select_related("notification"), now=now, using="default").items()
    assert pk == mine.get().pk
    return decision


def skip(reason: Reason) -> Decision:
    return Decision(Status.SKIPPED, reason)


def test_nothing_has_changed(ana: Any) -> None:
    send(ana)
    assert again(ana, now=NOW + HOUR) == Decision(Status.QUEUED, due_at=NOW + HOUR)


def test_it_was_read_archived_or_deleted_meanwhile_or_has_expired(ana: Any) -> None:
    send(ana, expires_at=NOW + HOUR)
    assert again(ana).is_to_be_sent
    assert again(ana, now=NOW + HOUR) == skip(Reason.EXPIRED)
    Notification.objects.update(read_at=NOW)
    assert again(ana) == skip(Reason.READ)
    Notification.objects.all().delete()
    assert again(ana) == skip(Reason.DELETED)
    Delivery.objects.update(notification_id=4_000_000)  # purged since
    assert again(ana) == skip(Reason.DELETED)


@pytest.mark.parametrize(("wish", "reason"), REASONS)
def test_people_change_their_minds(ana: Any, wish: dict[str, Any], reason: str) -> None:
    send(ana)
    update_preferences(ana, wish)
    assert again(ana) == skip(Reason(reason))


def test_people_and_channels_go(ana: Any, settings: Any) -> None:
    send(ana)
    get_user_model().objects.update(is_active=False)
    assert again(ana) == skip(Reason.NO_ADDRESS)
    settings.NOTIFICATIONS = {}
    assert again(ana) == skip(Reason.NOT_CONFIGURED)


def test_what_is_due_in_quiet_hours_waits_and_what_was_put_off_by_them_goes_at_their_end(ana: Any) -> None:
    send(ana)
    update_preferences(ana, {"quiet_hours_enabled": True})
    morning = datetime(2026, 5, 6, 7, tzinfo=UTC)
    assert again(ana, now=NIGHT, reason="retry") == Decision(Status.QUEUED, Reason.QUIET_HOURS, morning)
    assert again(ana, now=morning, reason="quiet_hours").is_to_be_sent


def test_an_escalation_is_for_who_is_not_there(ana: Any) -> None:
    @register
    class Alarm(NotificationType):
        escalate = {"email": timedelta(minutes=10)}

    send(ana, type="alarm")
    due = NOW + timedelta(minutes=10)
    assert again(ana, now=due) == Decision(Status.QUEUED, due_at=due)
    Presence.objects.create(user=ana, online_until=NOW + timedelta(seconds=1))
    assert again(ana) == skip(Reason.ONLINE)
    assert again(ana, reason="retry").is_to_be_sent  # asked once, when it was due
    Presence.objects.update(online_until=NOW)
    assert again(ana, reason="escalation").is_to_be_sent


def test_who_is_there_gets_what_does_not_ask_for_that(ana: Any) -> None:
    send(ana, channels=["email", "pager"])
    Delivery.objects.filter(channel="pager").update(reason="escalation")
    Presence.objects.create(user=ana, online_until=NOW + timedelta(seconds=1))
    rows = {row.pk: row.channel for row in Delivery.objects.all()}
    found = reconsider(Delivery.objects.select_related("notification"), now=NOW, using="default")
    assert {rows[pk]: decision.reason for pk, decision in found.items()} == {"email": "", "pager": "online"}


def test_an_escalation_waits_for_the_digest_then(ana: Any) -> None:
    @register
    class Alarm(NotificationType):
        escalate = {"email": timedelta(minutes=10)}

    update_preferences(ana, {"frequency": "daily"})
    send(ana, type="alarm")
    due = NOW + timedelta(minutes=10)
    assert again(ana, now=due) == Decision(Status.QUEUED, Reason.DIGEST, datetime(2026, 5, 6, 8, tzinfo=UTC))


def test_what_waited_for_a_digest_waits_for_no_other(ana: Any) -> None:
    update_preferences(ana, {"frequency": "daily"})
    send(ana)
    morning = datetime(2026, 5, 6, 8, tzinfo=UTC)
    assert again(ana, now=morning).is_to_be_sent
    update_preferences(ana, {"quiet_hours_enabled": True, "quiet_hours_end": "09:00"})
    assert again(ana, now=morning).is_to_be_sent  # that is for the row that carries them all
    update_preferences(ana, {"types": {"stock_alert": False}})
    assert again(ana, now=morning) == skip(Reason.TYPE_OFF)


def test_the_row_that_carries_a_digest(ana: Any, settings: Any) -> None:
    Delivery.objects.create(recipient=ana, channel="email", reason="digest", due_at=NOW)
    update_preferences(ana, {"frequency": "daily", "paused_until": "2026-05-07T00:00:00Z"})
    assert again(ana).is_to_be_sent  # its members know whether they are wanted
    update_preferences(ana, {"quiet_hours_enabled": True})
    morning = datetime(2026, 5, 6, 7, tzinfo=UTC)
    assert again(ana, now=NIGHT) == Decision(Status.QUEUED, Reason.QUIET_HOURS, morning)
    get_user_model().objects.update(email="")
    assert again(ana) == skip(Reason.NO_ADDRESS)
    settings.NOTIFICATIONS = {}
    assert again(ana) == skip(Reason.NOT_CONFIGURED)


def test_a_hundred_rows_of_many_are_decided_with_as_many_queries_as_two() -> None:
    crowd = mixed_crowd(40)
    send(*crowd, channels=["email", "pager"], target=crowd[0])
    counts = []
    for size in (2, 80):
        due = list(Delivery.objects.select_related("notification").order_by("recipient", "channel")[:size])
        assert {target_of(row.notification) for row in due} == {target_of(due[0].notification)}
        with CaptureQueriesContext(connection) as queries:
            assert len(reconsider(due, now=NOW, using="default")) == size
        counts.append(len(queries))
    assert counts == [5, 5]
