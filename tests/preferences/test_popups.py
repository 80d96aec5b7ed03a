"""What is written into a person's pages about what may pop up there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType

from notifications import register, types
from notifications.models import Mute, Preference, PreferenceChoice
from notifications.preferences.services import page_options, update_preferences

pytestmark = pytest.mark.django_db(transaction=True)

PLAIN = {"single_keys": True, "sound": False, "desktop": False}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def wishes(user: Any) -> dict[str, Any]:
    return page_options(user.pk, using="default").get("wishes", {})


def test_who_chose_nothing_costs_one_query_and_no_word(ana: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert page_options(ana.pk, using="default") == PLAIN
    get_user_model().objects.all().delete()
    assert page_options(ana.pk, using="default") == PLAIN  # deleted a moment ago


def test_choices_that_are_of_no_weight_on_a_page_cost_nothing_more(ana: Any, django_assert_num_queries: Any) -> None:
    update_preferences(ana, {"sound": True, "channels": {"email": False}, "matrix": {"order_ready": {"sms": False}}})
    PreferenceChoice.objects.create(user=ana, type="order_ready", channel="websocket", enabled=True)
    Mute.objects.create(user=ana, type="order_ready", until=NOW)
    with django_assert_num_queries(1):
        assert page_options(ana.pk, using="default") == {**PLAIN, "sound": True}


def test_everything_in_three_queries(ana: Any, luis: Any, django_assert_num_queries: Any) -> None:
    update_preferences(
        ana,
        {
            "priority": "high_or_critical",
            "quiet_hours_enabled": True,
            "quiet_hours_start": "21:30",
            "quiet_hours_end": "06:15",
            "time_zone": "Asia/Kathmandu",
            "paused_until": "2026-03-01T18:00:00+05:45",
            "types": {"stock_alert": False},
            "matrix": {"stock_alert": {"websocket": False}, "order_ready": {"websocket": False, "email": False}},
        },
    )
    person = ContentType.objects.get_for_model(luis)
    Mute.objects.create(user=ana, type="price_change", until=NOW + timedelta(hours=1))
    Mute.objects.create(user=ana, target_type=person, target_id=str(luis.pk))
    Mute.objects.create(user=ana, type="system_alert", until=NOW - timedelta(seconds=1))
    others = [{"user": luis, "type": "inventory_low"}, {"user": luis, "target_type": person, "target_id": "7"}]
    for other in others:
        Mute.objects.create(**other)
    update_preferences(luis, {"types": {"inventory_low": False}})

    with django_assert_num_queries(3):
        options = page_options(ana.pk, using="default")

    assert options == {
        **PLAIN,
        "wishes": {
            "priority": "high_or_critical",
            "quiet": ["21:30", "06:15", "Asia/Kathmandu"],
            "paused_until": "2026-03-01T12:15:00Z",
            "off": ["order_ready", "stock_alert"],
            "mutes": [["price_change", "2026-03-01T13:00:00Z"], [f"{person.pk}:{luis.pk}", None]],
        },
    }


def test_a_mute_needs_no_preference(ana: Any, django_assert_num_queries: Any) -> None:
    Mute.objects.create(user=ana, type="order_ready")
    assert not Preference.objects.exists()
    with django_assert_num_queries(2):
        assert wishes(ana) == {"mutes": [["order_ready", None]]}


def test_pages_switched_off_for_everything(ana: Any) -> None:
    update_preferences(ana, {"channels": {"websocket": False}})
    assert wishes(ana) == {"off": [""]}


def test_a_pause_that_is_over_and_quiet_hours_that_are_off_are_no_wish(ana: Any, time_machine: Any) -> None:
    update_preferences(ana, {"paused_until": "2026-03-01T13:00:00Z", "quiet_hours_start": "20:00"})
    assert wishes(ana) == {"paused_until": "2026-03-01T13:00:00Z"}
    time_machine.move_to(NOW + timedelta(hours=1))
    assert wishes(ana) == {}


def test_without_a_zone_of_their_own_it_is_the_sites(ana: Any, settings: Any) -> None:
    settings.TIME_ZONE = "America/St_Johns"
    update_preferences(ana, {"quiet_hours_enabled": True})
    assert wishes(ana) == {"quiet": ["22:00", "07:00", "America/St_Johns"]}


def test_types_that_cannot_be_switched_off_on_pages_are_named_where_it_matters(ana: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(types, "_registry", dict(types._registry))
    register("fire", "Fire", required=("websocket", "email"))
    register("flood", "Flood", required=("email",))
    assert wishes(ana) == {}
    update_preferences(ana, {"types": {"fire": False}})
    assert wishes(ana) == {"off": ["fire"], "required": ["fire"]}
