"""The page that the link in a message leads to."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from notifications import register, types
from notifications.delivery.unsubscribe import Subscription, token_of
from notifications.models import Preference
from notifications.preferences.services import preferences_of, update_preferences

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(types, "_registry", dict(types._registry))


def page_of(user: Any, kind: str = "stock_alert", channel: str = "email") -> str:
    return f"/notifications/unsubscribe/{token_of(Subscription(user.pk, channel, kind))}/"


@pytest.fixture
def stranger() -> Client:
    """Not logged in, and strict: a form without a CSRF token is refused where one is needed."""
    return Client(enforce_csrf_checks=True)


def text_of(response: Any) -> str:
    """What the app itself says: the site's own frame has buttons, too."""
    text = response.content.decode()
    return text.partition('class="notifications-main"')[2].partition("</main>")[0] or text


def test_looking_changes_nothing(stranger: Client, ana: Any) -> None:
    before = preferences_of(ana)
    for method in ("get", "head"):
        response = getattr(stranger, method)(page_of(ana))
        assert response.status_code == 200
    assert preferences_of(ana) == before
    html = text_of(stranger.get(page_of(ana)))
    assert "<strong>Out of stock</strong> · E-mail" in html
    assert "You get these." in html
    assert 'value="off"' in html
    assert 'value="on"' not in html


def test_one_click_of_a_mail_program(stranger: Client, ana: Any) -> None:
    response = stranger.post(page_of(ana), {"List-Unsubscribe": "One-Click"})
    assert (response.status_code, text_of(response)) == (200, "You are unsubscribed.")
    preferences = preferences_of(ana)
    assert preferences["matrix"]["stock_alert"]["email"] is False
    assert preferences["matrix"]["order_ready"]["email"] is True
    assert stranger.post(page_of(ana), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert "csrftoken" not in stranger.cookies


def test_one_click_as_most_programs_send_it(stranger: Client, ana: Any) -> None:
    response = stranger.post(
        page_of(ana), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 200
    assert preferences_of(ana)["matrix"]["stock_alert"]["email"] is False


def test_the_page_s_own_buttons(stranger: Client, ana: Any) -> None:
    response = stranger.post(page_of(ana), {"action": "off"}, follow=True)
    assert response.redirect_chain == [(page_of(ana), 303)]
    html = text_of(response)
    assert "You do not get these any more." in html
    assert 'value="off"' not in html
    assert preferences_of(ana)["matrix"]["stock_alert"]["email"] is False
    response = stranger.post(page_of(ana), {"action": "on"}, follow=True)
    assert "You get these." in text_of(response)
    assert preferences_of(ana)["matrix"]["stock_alert"]["email"] is True


def test_any_other_post_changes_nothing(stranger: Client, ana: Any) -> None:
    before = preferences_of(ana)
    for body in ({}, {"action": "delete_all"}, {"List-Unsubscribe": "Maybe"}):
        assert stranger.post(page_of(ana), body).status_code == 303
    assert preferences_of(ana) == before


def test_of_a_digest_the_channel_is_switched_off_or_the_digest(stranger: Client, ana: Any) -> None:
    update_preferences(ana, {"frequency": "daily"})
    page = page_of(ana, kind="")
    html = text_of(stranger.get(page))
    assert "<strong>All notifications</strong> · E-mail" in html
    assert 'value="at_once"' in html
    html = text_of(stranger.post(page, {"action": "at_once"}, follow=True))
    assert 'value="at_once"' not in html
    assert preferences_of(ana)["frequency"] == "instant"
    stranger.post(page, {"List-Unsubscribe": "One-Click"})
    preferences = preferences_of(ana)
    assert (preferences["channels"]["email"], preferences["channels"]["sms"]) == (False, True)


def test_of_a_type_that_is_gone_one_click_changes_nothing_and_the_page_asks(stranger: Client, ana: Any) -> None:
    update_preferences(ana, {"frequency": "daily"})
    before, page = preferences_of(ana), page_of(ana, kind="forgotten")
    response = stranger.post(page, {"List-Unsubscribe": "One-Click"})
    assert (response.status_code, text_of(response)) == (200, "What this link was about is sent no more.")
    assert preferences_of(ana) == before
    html = text_of(stranger.get(page))
    assert "What this link was about is sent no more." in html
    assert "<strong>All notifications</strong> · E-mail" in html
    assert 'value="at_once"' not in html
    assert "You do not get these any more." in text_of(stranger.post(page, {"action": "off"}, follow=True))
    assert preferences_of(ana)["channels"]["email"] is False
    assert "You get these." in text_of(stranger.post(page, {"action": "on"}, follow=True))


@pytest.mark.parametrize("kind", ["stock_alert", "forgotten"])
def test_only_a_link_of_a_digest_ends_digests(stranger: Client, ana: Any, kind: str) -> None:
    update_preferences(ana, {"frequency": "daily"})
    stranger.post(page_of(ana, kind=kind), {"action": "at_once"})
    assert preferences_of(ana)["frequency"] == "daily"


def test_what_is_off_for_another_reason_cannot_be_switched_on_here(stranger: Client, ana: Any) -> None:
    update_preferences(ana, {"channels": {"email": False}})
    html = text_of(stranger.get(page_of(ana)))
    assert "You do not get these any more." in html
    assert "<button" not in html


def test_in_the_language_of_the_message(stranger: Client, ana: Any) -> None:
    Preference.objects.create(pk=ana.pk, language="es")
    response = stranger.get(page_of(ana), headers={"Accept-Language": "en"})
    assert response["Content-Language"] == "es"
    assert '<html lang="es">' in response.content.decode()
    assert "Cancelar la suscripción" in text_of(response)
    answer = stranger.post(page_of(ana), {"List-Unsubscribe": "One-Click"}, headers={"Accept-Language": "en"})
    assert text_of(answer) == "La suscripción está cancelada."
    assert stranger.get("/notifications/unsubscribe/nonsense/", headers={"Accept-Language": "en"})[
        "Content-Language"
    ] == ("en")


def test_in_the_language_that_was_chosen_in_this_browser(stranger: Client, ana: Any) -> None:
    Preference.objects.create(pk=ana.pk, language="es")
    stranger.cookies["django_language"] = "en"
    response = stranger.get(page_of(ana), headers={"Accept-Language": "es"})
    assert response["Content-Language"] == "en"
    assert "You get these." in text_of(response)


def test_somebody_else_who_is_logged_in_changes_nothing_of_their_own(browser: Client, ana: Any, luis: Any) -> None:
    before = preferences_of(ana)
    browser.post(page_of(luis), {"action": "off"})
    assert preferences_of(ana) == before
    assert preferences_of(luis)["matrix"]["stock_alert"]["email"] is False


@pytest.mark.parametrize("token", ["nonsense", "WyI3IiwiZW1haWwiLCIiXQ:forged", "%00", "%F0%9F%92%A3:x"])
def test_a_link_that_nobody_made(stranger: Client, token: str) -> None:
    for response in (
        stranger.get(f"/notifications/unsubscribe/{token}/"),
        stranger.post(f"/notifications/unsubscribe/{token}/", {"List-Unsubscribe": "One-Click"}),
    ):
        assert response.status_code == 404
        assert "This link does not work any more." in text_of(response)


def test_a_person_who_is_gone(stranger: Client, ana: Any) -> None:
    page = page_of(ana)
    ana.delete()
    assert stranger.get(page).status_code == 404
    assert stranger.post(page, {"List-Unsubscribe": "One-Click"}).status_code == 404


def test_a_channel_that_is_gone(stranger: Client, ana: Any) -> None:
    assert stranger.post(page_of(ana, channel="telegraph"), {"action": "off"}).status_code == 404


def test_what_nobody_can_switch_off(stranger: Client, ana: Any) -> None:
    register("invoice", "Invoice", required=("email",))
    page = page_of(ana, kind="invoice")
    html = text_of(stranger.get(page))
    assert "Nobody can switch these off." in html
    assert "<button" not in html
    assert stranger.post(page, {"List-Unsubscribe": "One-Click"}).status_code == 409
    assert preferences_of(ana)["matrix"]["invoice"]["email"] is True


def test_it_is_neither_kept_nor_found(stranger: Client, ana: Any) -> None:
    response = stranger.get(page_of(ana))
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"


def test_a_site_that_asks_everybody_to_log_in(settings: Any, stranger: Client, ana: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert stranger.get(page_of(ana)).status_code == 200
    assert stranger.get("/notifications/").status_code == 302
