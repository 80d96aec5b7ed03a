"""Preferences as rows: one per person, and few for what deviates."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connections, transaction

from notifications.exceptions import UnknownRecipient
from notifications.models import Preference, PreferenceChoice
from notifications.preferences.services import page_options, preferences_of, update_preferences

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana")


def test_a_choice_is_made_once(ana: Any) -> None:
    PreferenceChoice.objects.create(user=ana, type="message", channel="email", enabled=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        PreferenceChoice.objects.create(user=ana, type="message", channel="email", enabled=True)


def test_they_go_with_the_person(ana: Any) -> None:
    update_preferences(ana, {"sound": True, "channels": {"email": False}})
    ana.delete()
    assert not Preference.objects.exists()
    assert not PreferenceChoice.objects.exists()


def test_a_type_that_is_not_registered_any_more_is_kept_and_not_shown(ana: Any) -> None:
    PreferenceChoice.objects.create(user=ana, type="gone", channel="email", enabled=False)
    assert "gone" not in preferences_of(ana)["matrix"]
    update_preferences(ana, {"channels": {"sms": False}})
    assert PreferenceChoice.objects.filter(type="gone").exists()


def test_nobody_has_none(ana: Any) -> None:
    for nobody in (ana.pk + 1_000, "x"):
        with pytest.raises(UnknownRecipient):
            preferences_of(nobody)
        with pytest.raises(UnknownRecipient):
            update_preferences(nobody, {"sound": True})


def test_two_tabs_may_write_at_once(ana: Any) -> None:
    start = threading.Barrier(2)
    failures = []

    def write(**given: Any) -> None:
        start.wait()
        try:
            update_preferences(ana, given)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    both = {"channels": {"email": False, "sms": False}}
    tabs = [
        threading.Thread(target=write, kwargs={"sound": True, **both}),
        threading.Thread(target=write, kwargs={"desktop": True, **both}),
    ]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert failures == []
    assert page_options(ana.pk, using="default") == {"single_keys": True, "sound": True, "desktop": True}
    assert PreferenceChoice.objects.count() == 2


def test_an_open_page_asks_one_query(ana: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert page_options(ana.pk, using="default") == {"single_keys": True, "sound": False, "desktop": False}
