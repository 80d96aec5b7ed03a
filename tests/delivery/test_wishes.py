"""What people want, read for many at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType

from notifications.delivery.wishes import Wishes, wishes_of
from notifications.models import Mute, Preference
from notifications.preferences.mutes import Target, mute
from notifications.preferences.services import update_preferences

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _standing_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def person(name: str) -> Any:
    return get_user_model().objects.create_user(name)


def read(*people: Any, types: Any = ("stock_alert",), targets: Any = (), now: datetime = NOW) -> list[Wishes]:
    found = wishes_of([each.pk for each in people], types=types, targets=targets, now=now, using="default")
    return [found[each.pk] for each in people]


def test_who_never_said_anything_has_the_defaults_of_the_preferences() -> None:
    [wishes] = read(person("ana"))
    row = Preference()
    assert wishes == Wishes()
    assert wishes.priority == row.priority
    assert wishes.frequency == row.frequency
    assert (wishes.digest_time, wishes.digest_weekday) == (row.digest_time, row.digest_weekday)
    assert wishes.quiet is None
    assert wishes.paused_until is None


def test_everything_that_can_be_wished() -> None:
    ana, ben = person("ana"), person("ben")
    update_preferences(
        ana,
        {
            "priority": "critical_only",
            "quiet_hours_enabled": True,
            "quiet_hours_start": "21:30",
            "quiet_hours_end": "06:15",
            "time_zone": "Asia/Tokyo",
            "frequency": "weekly",
            "digest_time": "18:45",
            "digest_weekday": 4,
            "paused_until": "2030-01-01T00:00:00Z",
            "channels": {"sms": False},
            "types": {"stock_alert": False, "price_change": False},
            "matrix": {"stock_alert": {"email": False}, "price_change": {"push": False}},
        },
    )
    assert read(ana, ben) == [
        Wishes(
            off={("", "sms"), ("stock_alert", ""), ("stock_alert", "email")},
            priority="critical_only",
            quiet=(time(21, 30), time(6, 15)),
            zone=ZoneInfo("Asia/Tokyo"),
            frequency="weekly",
            digest_time=time(18, 45),
            digest_weekday=4,
            paused_until=datetime(2030, 1, 1, tzinfo=UTC),
        ),
        Wishes(),
    ]


def test_quiet_hours_that_are_switched_off_are_none() -> None:
    ana = person("ana")
    update_preferences(ana, {"quiet_hours_enabled": False, "quiet_hours_start": "21:30"})
    assert read(ana)[0].quiet is None


def test_mutes_that_concern_what_is_sent() -> None:
    ana, ben = person("ana"), person("ben")
    mute(ana, type="stock_alert", until=NOW + timedelta(hours=1))
    mute(ana, type="price_change")
    mute(ana, target=ben)
    mute(ben, target=ana)
    people = ContentType.objects.get_for_model(ben).pk
    about = Target(people, str(ben.pk))
    [hers, his] = read(ana, ben, targets=[about])
    assert (set(hers.muted_types), set(hers.muted_targets)) == ({"stock_alert"}, {about})
    assert his == Wishes()
    assert read(ana)[0].muted_targets == frozenset()
    assert read(ana, now=NOW + timedelta(hours=1))[0].muted_types == frozenset()


def test_what_was_muted_about_another_kind_of_thing_is_not_meant() -> None:
    ana = person("ana")
    types = list(ContentType.objects.order_by("pk")[:2])
    Mute.objects.create(user=ana, target_type=types[0], target_id="1")
    Mute.objects.create(user=ana, target_type=types[1], target_id="2")
    [wishes] = read(ana, targets=[Target(types[0].pk, "2"), Target(types[1].pk, "1")])
    assert not set(wishes.muted_targets) & {Target(types[0].pk, "2"), Target(types[1].pk, "1")}


def test_the_site_s_own_time_zone_is_the_default_and_that_of_whose_there_is_no_more(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Madrid"
    ana, ben = person("ana"), person("ben")
    Preference.objects.create(user=ana, time_zone="Atlantis/Capital")
    Preference.objects.create(user=ben)
    assert {wishes.zone for wishes in read(ana, ben, person("cleo"))} == {ZoneInfo("Europe/Madrid")}


def test_three_queries_however_many_people(django_assert_num_queries: Any) -> None:
    people = [person(f"person-{number}") for number in range(20)]
    for each in people[:10]:
        update_preferences(each, {"frequency": "daily", "channels": {"sms": False}})
        mute(each, type="stock_alert")
    with django_assert_num_queries(3):
        read(*people, targets=[Target(1, "1")])
    with django_assert_num_queries(3):
        read(people[0])
