"""Who has which browser: what no address of the API can show."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from notifications.delivery.devices import Given, subscribe
from notifications.exceptions import UnknownRecipient
from notifications.models import PushSubscription
from tests.push_service import Browser

pytestmark = pytest.mark.django_db(transaction=True)


def given(browser: Browser) -> Given:
    return Given(browser.endpoint, **browser.subscription["keys"])


def test_a_person_who_is_deleted_at_that_moment() -> None:
    with pytest.raises(UnknownRecipient):
        subscribe(2**31 - 1, given(Browser("https://web.push.apple.com/x")), device="", using="default")
    assert not PushSubscription.objects.exists()


def test_they_go_with_the_person(django_user_model: Any) -> None:
    ana = get_user_model().objects.create_user("ana")
    Browser("https://web.push.apple.com/x").subscribe(ana)
    ana.delete()
    assert not PushSubscription.objects.exists()


def test_new_keys_of_the_same_browser_take_the_place_of_the_old(django_user_model: Any) -> None:
    ana = get_user_model().objects.create_user("ana")
    first = Browser("https://web.push.apple.com/x").subscribe(ana)
    again = Browser("https://web.push.apple.com/x")
    again.subscribe(ana)
    row = PushSubscription.objects.get()
    assert (row.pk, row.auth) == (first.pk, again.subscription["keys"]["auth"])


@pytest.mark.parametrize(
    ("endpoint", "device", "text"), [("x", "Firefox · Linux", "Firefox · Linux"), ("x", "", "web.push.apple.com")]
)
def test_what_people_read_holds_no_secret(endpoint: str, device: str, text: str) -> None:
    assert str(PushSubscription(endpoint=f"https://web.push.apple.com/{endpoint}", device=device)) == text
