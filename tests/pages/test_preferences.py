"""The preferences page without JavaScript."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from notifications import send_notification
from notifications.inbox.services import archive
from notifications.models import Notification, PreferenceChoice
from notifications.preferences.services import preferences_of, update_preferences

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/notifications/preferences/"


def html_of(browser: Client) -> str:
    response = browser.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def fields(html: str) -> dict[str, list[str]]:
    """What a browser would send of the first form, as it stands."""
    form = html[html.index("data-notifications-preferences") :]
    form = form[: form.index("</form>")]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        boxed = attributes.get("type") in {"checkbox", "radio"}
        if not boxed or " checked" in tag:
            sent.setdefault(attributes["name"], []).append(unescape(attributes.get("value", "on" if boxed else "")))
    for name, body in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        sent[name] = [unescape(text) for text in re.findall(r'<option value="([^"]*)" selected>', body)]
    return sent


def save(browser: Client, **changes: Any) -> Any:
    return browser.post(PAGE, {**fields(html_of(browser)), **changes})


def without_date(preferences: dict[str, Any]) -> dict[str, Any]:
    return {**preferences, "updated_at": None}


def test_strangers_are_sent_to_the_log_in(db: None) -> None:
    assert Client().get(PAGE)["Location"] == "/welcome?next=/notifications/preferences/"


def test_looking_and_saving_unchanged_change_nothing(browser: Client, ana: Any) -> None:
    update_preferences(ana, {"channels": {"email": False}, "paused_until": "2998-05-01T10:20:00Z", "sound": True})
    before = preferences_of(ana)
    response = save(browser)
    assert (response.status_code, response["Location"]) == (303, PAGE)
    assert without_date(preferences_of(ana)) == without_date(before)


def test_each_field_is_saved(browser: Client, ana: Any) -> None:
    save(
        browser,
        priority="critical_only",
        frequency="daily",
        quiet_hours_enabled="on",
        quiet_hours_start="21:15",
        quiet_hours_end="06:45",
        time_zone="Europe/Madrid",
        paused_until="2998-07-01T12:00",
        sound="on",
        desktop="on",
    )
    saved = preferences_of(ana)
    expected = {
        "priority": "critical_only",
        "frequency": "daily",
        "quiet_hours_enabled": True,
        "quiet_hours_start": "21:15",
        "quiet_hours_end": "06:45",
        "time_zone": "Europe/Madrid",
        "sound": True,
        "desktop": True,
        "single_keys": True,
    }
    assert {name: saved[name] for name in expected} == expected
    assert saved["paused_until"].isoformat() == "2998-07-01T10:00:00+00:00"  # noon in Madrid
    html = html_of(browser)
    assert 'value="2998-07-01T12:00"' in html
    assert "Everything is paused until July 1, 2998, noon." in html
    save(browser, paused_until="")
    assert preferences_of(ana)["paused_until"] is None


def test_checkboxes_of_types_and_channels(browser: Client, ana: Any) -> None:
    sent = fields(html_of(browser))
    sent["channels"].remove("sms")
    sent["types"].remove("price_change")
    sent["matrix"].remove("stock_alert:email")
    browser.post(PAGE, sent)
    rows = PreferenceChoice.objects.filter(user=ana).order_by("type", "channel")
    assert list(rows.values_list("type", "channel", "enabled")) == [
        ("", "sms", False),
        ("price_change", "", False),
        ("stock_alert", "email", False),
    ]
    html = html_of(browser)
    assert 'name="matrix" value="stock_alert:email"><' in html
    assert 'name="matrix" value="stock_alert:sms" checked><' in html


def test_what_the_page_did_not_show_is_left_alone(browser: Client, ana: Any) -> None:
    sent = fields(html_of(browser))
    sent |= {
        "shown_types": ["stock_alert", "nonsense"],
        "types": [],
        "shown_channels": ["email", "in_app"],
        "channels": [],
    }
    browser.post(PAGE, sent)
    saved = preferences_of(ana)
    assert [kind for kind, wanted in saved["types"].items() if not wanted] == ["stock_alert"]
    assert [channel for channel, wanted in saved["channels"].items() if not wanted] == ["email"]


@pytest.mark.parametrize(
    ("field", "value", "linked"),
    [
        ("quiet_hours_start", "25:00", "notifications-quiet_hours_start"),
        ("quiet_hours_end", "", "notifications-quiet_hours_end"),
        ("time_zone", "Mars/Olympus", "notifications-time_zone"),
        ("paused_until", "soon", "notifications-paused_until"),
        ("paused_until", "0026-10-01T10:00", "notifications-paused_until"),
        ("priority", "some", "notifications-priority"),
        ("frequency", "", "notifications-frequency"),
    ],
)
def test_an_error_is_summed_up_and_leads_to_its_field(
    browser: Client, ana: Any, field: str, value: str, linked: str
) -> None:
    before = preferences_of(ana)
    response = save(browser, sound="on", types=["stock_alert"], **{field: value})
    html = response.content.decode()
    assert response.status_code == 422
    assert preferences_of(ana) == before
    assert "<title>Error: Notification preferences</title>" in html
    assert f'<a href="#{linked}">' in html
    assert f'id="{linked}"' in html
    kept = fields(html)
    assert kept["types"] == ["stock_alert"]  # what was ticked is still ticked
    assert "sound" in kept


def test_everything_is_deleted_only_by_who_is_sure(browser: Client, ana: Any, luis: Any) -> None:
    ids = [send_notification(user, "message", "Hello")["notification_id"] for user in (ana, ana, luis)]
    archive(ana, ids[:1])
    response = browser.post(PAGE, {"action": "delete_all"}, follow=True)
    assert "tick the box" in response.content.decode()
    assert Notification.objects.visible().count() == 3
    response = browser.post(PAGE, {"action": "delete_all", "confirm": "yes"}, follow=True)
    assert "2 notifications deleted." in response.content.decode()
    assert [row.recipient for row in Notification.objects.visible()] == [luis]


def test_every_control_has_a_name(browser: Client) -> None:
    html = html_of(browser)
    form = html[html.index("data-notifications-preferences") :]
    labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', form))
    for tag in re.findall(r"<(?:input|select)[^>]*>", form):
        if 'type="hidden"' in tag or 'name="matrix"' in tag or 'name="types"' in tag or 'name="channels"' in tag:
            continue  # inside their label
        assert re.search(r'id="([^"]+)"', tag)[1] in labelled, tag
    for label in re.findall(r"<td><label>(.*?)</label></td>", form):
        assert re.search(r"<span class=\"notifications-hidden\">[^<]+: </span>\w", label)


def test_the_page_needs_its_token(ana: Any) -> None:
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(ana)
    assert forger.post(PAGE, {"action": "delete_all", "confirm": "yes"}).status_code == 403


def test_the_page_is_spanish_for_who_asks_for_it(browser: Client) -> None:
    html = browser.get(PAGE, headers={"accept-language": "es"}).content.decode()
    for text in ("Preferencias de notificación", "Zona horaria", "Guardar preferencias", "Cambio de precio", "Correo"):
        assert text in html
