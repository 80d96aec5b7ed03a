"""The delivery channels that preferences know: those of every site, and this site's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from notifications import register, types
from notifications.models import PreferenceChoice
from notifications.preferences.parsing import InvalidPreferences
from notifications.preferences.services import preferences_of, update_preferences
from notifications.types import DeliveryChannel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _registry() -> Iterator[None]:
    before = dict(types._registry)
    yield
    types._registry.clear()
    types._registry.update(before)


@pytest.fixture
def ana() -> Any:
    return get_user_model().objects.create_user("ana")


def test_a_channel_of_the_sites_own(ana: Any, settings: Any) -> None:
    with pytest.raises(InvalidPreferences, match="'pager' is not one of the delivery channels"):
        update_preferences(ana, {"channels": {"pager": False}})
    settings.NOTIFICATIONS = {"CHANNELS": {"pager": {}, "email": {}}}
    answer = update_preferences(ana, {"channels": {"pager": False}, "matrix": {"stock_alert": {"pager": False}}})
    assert list(answer["channels"]) == [*DeliveryChannel, "pager"]
    assert answer["channels"]["pager"] is answer["matrix"]["stock_alert"]["pager"] is False


def test_what_was_chosen_for_a_channel_that_is_gone_is_kept(ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"pager": {}}}
    update_preferences(ana, {"channels": {"pager": False}})
    settings.NOTIFICATIONS = {}
    assert "pager" not in preferences_of(ana)["channels"]
    update_preferences(ana, {"channels": {"sms": False}})
    assert PreferenceChoice.objects.filter(channel="pager").exists()


def test_what_a_type_requires_cannot_be_switched_off_for_it(ana: Any) -> None:
    register("alarm", required=("sms",))
    with pytest.raises(InvalidPreferences, match="sms cannot be switched off for alarm"):
        update_preferences(ana, {"matrix": {"alarm": {"sms": False}}})
    answer = update_preferences(ana, {"matrix": {"alarm": {"sms": True, "email": False}}, "channels": {"sms": False}})
    assert (answer["channels"]["sms"], answer["matrix"]["alarm"]["sms"]) == (False, True)
    assert answer["matrix"]["alarm"]["email"] is False
    assert update_preferences(ana, answer) == {**answer, "updated_at": preferences_of(ana)["updated_at"]}


def test_what_is_required_since_is_wanted_and_what_was_chosen_before_comes_back(ana: Any) -> None:
    register("alarm")
    update_preferences(ana, {"matrix": {"alarm": {"sms": False}}})
    register("alarm", required=("sms",))
    assert preferences_of(ana)["matrix"]["alarm"]["sms"] is True
    register("alarm")
    assert preferences_of(ana)["matrix"]["alarm"]["sms"] is False
