"""SPEC §1.5: ``GET`` and ``PUT /api/notification-preferences``."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from notifications.models import Preference, PreferenceChoice
from notifications.types import DeliveryChannel, all_types

from .conftest import by_session

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/api/notification-preferences"
CHANNELS = [str(channel) for channel in DeliveryChannel]
TYPES = [kind.slug for kind in all_types()]


def get(client: APIClient) -> Any:
    return client.get(ADDRESS).json()


def put(client: APIClient, status: int = 200, /, **fields: Any) -> Any:
    response = client.put(ADDRESS, fields, format="json")
    assert response.status_code == status, response.json()
    return response.json()


def test_get_answers_the_defaults_and_writes_nothing(client: APIClient, ana: Any) -> None:
    assert get(client) == {
        "user_id": ana.pk,
        "channels": dict.fromkeys(CHANNELS, True),
        "types": dict.fromkeys(TYPES, True),
        "matrix": {kind: dict.fromkeys(CHANNELS, True) for kind in TYPES},
        "priority": "all",
        "quiet_hours_enabled": False,
        "quiet_hours_start": "22:00",
        "quiet_hours_end": "07:00",
        "time_zone": "UTC",
        "frequency": "instant",
        "digest_time": "08:00",
        "digest_weekday": 0,
        "language": "",
        "mutes": [],
        "paused_until": None,
        "single_keys": True,
        "sound": False,
        "desktop": False,
        "updated_at": None,
    }
    assert not Preference.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", "high_or_critical"),
        ("priority", "critical_only"),
        ("quiet_hours_enabled", True),
        ("quiet_hours_start", "00:00"),
        ("quiet_hours_end", "23:59"),
        ("time_zone", "America/Argentina/Buenos_Aires"),
        ("frequency", "daily"),
        ("frequency", "weekly"),
        ("digest_time", "23:59"),
        ("digest_weekday", 6),
        ("language", "es"),
        ("mutes", [{"type": "stock_alert", "until": None}]),
        ("mutes", [{"type": "stock_alert", "until": "2998-01-31T08:00:00Z"}]),
        ("paused_until", "2998-01-31T08:00:00Z"),
        ("single_keys", False),
        ("sound", True),
        ("desktop", True),
    ],
)
def test_put_changes_what_it_names_and_nothing_else(client: APIClient, field: str, value: Any) -> None:
    before = get(client)
    answer = put(client, **{field: value})
    assert answer == get(client)
    assert answer["updated_at"] is not None
    assert {**answer, "updated_at": None} == {**before, field: value}


def test_choices_are_merged_and_only_deviations_are_kept(client: APIClient, ana: Any) -> None:
    put(client, channels={"email": False, "sms": True}, types={"price_change": False})
    answer = put(client, matrix={"stock_alert": {"email": False, "push": True}})
    assert answer["channels"] == {**dict.fromkeys(CHANNELS, True), "email": False}
    assert answer["types"] == {**dict.fromkeys(TYPES, True), "price_change": False}
    assert answer["matrix"]["stock_alert"] == {**dict.fromkeys(CHANNELS, True), "email": False}
    rows = PreferenceChoice.objects.filter(user=ana).order_by("type", "channel")
    assert list(rows.values_list("type", "channel", "enabled")) == [
        ("", "email", False),
        ("price_change", "", False),
        ("stock_alert", "email", False),
    ]
    put(client, channels={"email": True})
    assert not rows.filter(type="").exists()


def test_an_answer_may_be_sent_back(client: APIClient) -> None:
    thing = {"target": "auth.user", "target_id": "7", "until": "2998-01-31T08:00:00Z"}
    put(client, channels={"email": False}, quiet_hours_enabled=True, mutes=[thing, {"type": "stock_alert"}])
    answer = get(client)
    again = put(client, **answer)
    assert {**again, "updated_at": None} == {**answer, "updated_at": None}


WRONG = [
    ("priority", "high"),
    ("priority", None),
    ("priority", ["all"]),
    ("frequency", "monthly"),
    ("frequency", 1),
    ("digest_time", "8:00"),
    ("digest_time", None),
    ("digest_weekday", 7),
    ("digest_weekday", -1),
    ("digest_weekday", True),
    ("digest_weekday", 0.5),
    ("digest_weekday", "0"),
    ("language", "xx"),
    ("language", "ES"),
    ("language", None),
    ("mutes", None),
    ("mutes", {"type": "stock_alert"}),
    ("mutes", [{"type": "no_such_type"}]),
    ("mutes", [{"target": "auth.user", "target_id": 1}]),
    ("quiet_hours_enabled", "yes"),
    ("quiet_hours_enabled", 1),
    ("quiet_hours_start", "24:00"),
    ("quiet_hours_start", "7:00"),
    ("quiet_hours_start", "07:00:00"),
    ("quiet_hours_start", "07:00\n"),
    ("quiet_hours_start", "٠٧:٠٠"),
    ("quiet_hours_end", None),
    ("quiet_hours_end", 700),
    ("time_zone", "Mars/Olympus"),
    ("time_zone", "../etc/passwd"),
    ("time_zone", "europe/madrid"),
    ("time_zone", None),
    ("time_zone", "UTC\0"),
    ("paused_until", "tomorrow"),
    ("paused_until", "2030-02-30T00:00:00Z"),
    ("paused_until", "9999-12-31T23:59:59Z"),
    ("paused_until", 1),
    ("single_keys", None),
    ("sound", "on"),
    ("desktop", {}),
    ("channels", {"email": "no"}),
    ("channels", {"fax": True}),
    ("channels", {"in_app": False}),
    ("channels", ["email"]),
    ("types", {"no_such_type": False}),
    ("types", {"stock_alert": None}),
    ("types", None),
    ("matrix", {"stock_alert": {"fax": True}}),
    ("matrix", {"stock_alert": True}),
    ("matrix", {"no_such_type": {"email": True}}),
    ("matrix", {"stock_alert": {"email": 0}}),
    ("matrix", {"stock_alert": {"in_app": False}}),
    ("no_such_field", True),
    ("", True),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_value_is_named_and_nothing_is_half_written(client: APIClient, field: str, value: Any) -> None:
    good = {"sound": True, "frequency": "daily", "channels": {"sms": False}}
    answer = put(client, 400, **{**good, field: value})
    assert set(answer) == {field}
    assert not Preference.objects.exists()
    assert not PreferenceChoice.objects.exists()


def test_every_wrong_field_is_named_at_once(client: APIClient) -> None:
    assert set(put(client, 400, sound=1, priority="x", desktop=True, nonsense=1)) == {"sound", "priority", "nonsense"}


def test_a_whole_number_may_be_written_as_json_allows(client: APIClient) -> None:
    assert put(client, digest_weekday=2.0)["digest_weekday"] == 2


def test_a_pause_that_is_over_is_none(client: APIClient) -> None:
    assert put(client, paused_until="2020-01-01T00:00:00Z")["paused_until"] is None


def test_a_moment_without_an_offset_is_utc(client: APIClient, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Madrid"
    assert put(client, paused_until="2998-01-01T00:00:00")["paused_until"] == "2998-01-01T00:00:00Z"


def test_the_sites_time_zone_is_the_default(client: APIClient, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Madrid"
    assert get(client)["time_zone"] == "Europe/Madrid"
    put(client, time_zone="Asia/Tokyo")
    assert put(client, time_zone="")["time_zone"] == "Europe/Madrid"


@pytest.mark.parametrize("raw", [b"[]", b"null", b"1", b"{"])
def test_a_body_that_is_no_object_is_refused(client: APIClient, raw: bytes) -> None:
    assert client.put(ADDRESS, raw, content_type="application/json").status_code == 400


def test_an_empty_body_changes_nothing(client: APIClient) -> None:
    assert put(client)["updated_at"] is None
    assert not Preference.objects.exists()


def test_everybody_has_their_own(client: APIClient, service: APIClient, ana: Any, ben: Any) -> None:
    put(client, sound=True)
    assert service.get(f"{ADDRESS}?user_id={ben.pk}").json()["sound"] is False
    assert service.put(f"{ADDRESS}?user_id={ben.pk}", {"desktop": True}, format="json").json()["desktop"] is True
    assert get(client)["desktop"] is False
    assert client.get(f"{ADDRESS}?user_id={ben.pk}").status_code == 401
    assert by_session(ana).get(f"{ADDRESS}?user_id={ben.pk}").status_code == 403
    assert service.get(ADDRESS).status_code == 400
    assert service.put(f"{ADDRESS}?user_id=999999", {"sound": True}, format="json").status_code == 400
    assert APIClient().get(ADDRESS).status_code == 401


def test_a_session_needs_the_csrf_token_to_write(ana: Any) -> None:
    page = by_session(ana, enforce_csrf_checks=True)
    assert page.get(ADDRESS).status_code == 200
    assert page.put(ADDRESS, {"sound": True}, format="json").status_code == 403


def test_what_is_wrong_is_said_in_the_readers_language(client: APIClient) -> None:
    response = client.put(ADDRESS, {"sound": 1}, format="json", HTTP_ACCEPT_LANGUAGE="es")
    assert response.json() == {"sound": ["Debe ser verdadero o falso (true o false)."]}


def test_reading_takes_the_same_few_queries_however_much_was_chosen(client: APIClient) -> None:
    put(client, matrix={kind: {"email": False, "sms": False} for kind in TYPES})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        get(client)
    assert len([query for query in queries if "ntf_preference" in query["sql"]]) == 2
