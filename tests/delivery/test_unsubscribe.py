"""The token in the link, and what it can do."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import signing

from notifications import register, types
from notifications.delivery.unsubscribe import Standing, Subscription, read_token, token_of, unsubscribe_url
from notifications.exceptions import UnknownRecipient
from notifications.preferences.services import preferences_of, update_preferences

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(types, "_registry", dict(types._registry))


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana")


def test_a_token_is_read_as_it_was_written() -> None:
    for subscription in (Subscription(7, "email", "stock_alert"), Subscription(7, "café", "")):
        assert read_token(token_of(subscription)) == subscription
        assert token_of(subscription) == token_of(subscription)
        assert "/" not in token_of(subscription)


def test_a_token_of_somebody_else_cannot_be_made(settings: Any) -> None:
    mine, hers = token_of(Subscription(7, "email")), token_of(Subscription(8, "email"))
    forged = f"{hers.partition(':')[0]}:{mine.partition(':')[2]}"
    assert read_token(forged) is None
    assert read_token("") is None
    assert read_token("ñ:ñ") is None
    assert read_token(signing.Signer(salt="another use").sign_object(["7", "email", ""])) is None
    settings.SECRET_KEY = "another site"
    assert read_token(mine) is None


def test_tokens_outlive_a_new_secret_key(settings: Any) -> None:
    token, old = token_of(Subscription(7, "email")), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new one", [old]
    assert read_token(token) == Subscription(7, "email")


def test_a_type_that_is_gone_does_not_become_the_channel() -> None:
    gone = Subscription(7, "email", "forgotten")
    assert read_token(token_of(gone)) == gone
    assert gone.is_gone
    assert gone.of_the_channel() == Subscription(7, "email")
    assert not Subscription(7, "email").is_gone
    assert not Subscription(7, "email", "stock_alert").is_gone


def test_the_address(settings: Any) -> None:
    assert unsubscribe_url(7, "email") == ""
    settings.NOTIFICATIONS = {"SITE_URL": "https://shop.example.org"}
    url = unsubscribe_url(7, "email", "stock_alert")
    assert url == (
        f"https://shop.example.org/notifications/unsubscribe/{token_of(Subscription(7, 'email', 'stock_alert'))}/"
    )


def test_one_type_on_one_channel(ana: Any) -> None:
    Subscription(ana.pk, "email", "stock_alert").set_wanted(False)
    preferences = preferences_of(ana)
    assert preferences["matrix"]["stock_alert"]["email"] is False
    assert preferences["matrix"]["order_ready"]["email"] is True
    assert preferences["channels"]["email"] is True
    Subscription(ana.pk, "email", "stock_alert").set_wanted(True)
    assert preferences_of(ana)["matrix"]["stock_alert"]["email"] is True


def test_a_whole_channel(ana: Any) -> None:
    Subscription(ana.pk, "email").set_wanted(False)
    preferences = preferences_of(ana)
    assert preferences["channels"]["email"] is False
    assert preferences["channels"]["sms"] is True


def test_no_more_digests(ana: Any) -> None:
    update_preferences(ana, {"frequency": "weekly"})
    subscription = Subscription(ana.pk, "email")
    assert subscription.standing().is_together
    subscription.send_at_once()
    assert not subscription.standing().is_together


@pytest.mark.parametrize(
    ("preferences", "is_wanted", "can_resume"),
    [
        ({}, True, False),
        ({"matrix": {"stock_alert": {"email": False}}}, False, True),
        ({"types": {"stock_alert": False}}, False, False),
        ({"channels": {"email": False}}, False, False),
        ({"channels": {"email": False}, "matrix": {"stock_alert": {"email": False}}}, False, False),
        ({"channels": {"sms": False}, "matrix": {"order_ready": {"email": False}}}, True, False),
    ],
)
def test_how_a_type_stands(ana: Any, preferences: dict[str, Any], is_wanted: bool, can_resume: bool) -> None:
    update_preferences(ana, preferences)
    expected = Standing(is_wanted=is_wanted, can_resume=can_resume, is_required=False, is_together=False)
    assert Subscription(ana.pk, "email", "stock_alert").standing() == expected


def test_what_nobody_can_switch_off(ana: Any) -> None:
    register("invoice", "Invoice", required=("email",))
    update_preferences(ana, {"channels": {"email": False}})
    standing = Subscription(ana.pk, "email", "invoice").standing()
    assert (standing.is_wanted, standing.is_required, standing.can_resume) == (True, True, False)
    assert not Subscription(ana.pk, "sms", "invoice").standing().is_required


def test_a_person_who_is_gone(ana: Any) -> None:
    key = ana.pk
    ana.delete()
    with pytest.raises(UnknownRecipient):
        Subscription(key, "email").standing()
