"""The preferences page without JavaScript."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client

from notifications import register, send_notification, types
from notifications.delivery import vapid
from notifications.delivery.channels.console import ConsoleChannel
from notifications.inbox.services import archive
from notifications.models import Mute, Notification, Preference, PreferenceChoice
from notifications.pages.forms import languages
from notifications.preferences.mutes import mute
from notifications.preferences.services import preferences_of, update_preferences

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/notifications/preferences/"


class Pager(ConsoleChannel):
    """A channel of the site's own."""

    label = "Pager"


@pytest.fixture(autouse=True)
def _channels(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {}, "sms": {}}}


@pytest.fixture
def own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """None but those that a test registers."""
    monkeypatch.setattr(types, "_registry", {})


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
        frequency="weekly",
        digest_time="18:45",
        digest_weekday="6",
        language="es",
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
        "frequency": "weekly",
        "digest_time": "18:45",
        "digest_weekday": 6,
        "language": "es",
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


def test_a_time_zone_that_the_machine_no_longer_knows(browser: Client, ana: Any) -> None:
    paused_until = datetime(2998, 7, 1, 10, tzinfo=UTC)
    Preference.objects.create(user=ana, time_zone="Europe/Atlantis", paused_until=paused_until)
    html = html_of(browser)
    assert 'value="2998-07-01T10:00"' in html  # on the site's own clock
    assert '<option value="Europe/Atlantis" selected>' in html
    assert save(browser, sound="on").status_code == 303
    assert save(browser, time_zone="Europe/Madrid", paused_until="2998-07-01T12:00").status_code == 303
    saved = preferences_of(ana)
    assert (saved["time_zone"], saved["sound"], saved["paused_until"]) == ("Europe/Madrid", True, paused_until)


def test_what_a_pause_lets_through_is_said(browser: Client) -> None:
    html = unescape(html_of(browser))
    assert "Only what is critical, or what this site has to tell you, reaches you until then;" in html


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


def test_only_what_this_site_has_can_be_chosen(browser: Client, settings: Any) -> None:
    pager = {"BACKEND": f"{__name__}.Pager"}
    wrong = {"BACKEND": "no.such.Channel"}
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {}, "pager": pager, "night_watch": wrong}}
    html = html_of(browser)
    assert re.findall(r'name="shown_channels" value="(\w+)"', html) == ["websocket", "email", "pager", "night_watch"]
    table = html[html.index("<thead>") : html.index("</thead>")]
    assert re.findall(r'<th scope="col">([^<]+)</th>', table) == [
        "Type", "At all", "Pop-up", "E-mail", "Pager", "Night watch",
    ]  # fmt: skip
    settings.NOTIFICATIONS = {}
    assert re.findall(r'name="shown_channels" value="(\w+)"', html_of(browser)) == ["websocket"]


def test_a_channel_that_was_taken_away_meanwhile_is_left_alone(browser: Client, ana: Any, settings: Any) -> None:
    sent = fields(html_of(browser))
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {}}}
    assert browser.post(PAGE, {**sent, "channels": []}).status_code == 303
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {}, "sms": {}}}
    wanted = preferences_of(ana)["channels"]
    assert (wanted["email"], wanted["sms"], wanted["websocket"]) == (False, True, False)


@pytest.mark.usefixtures("own_types")
def test_what_nobody_can_switch_off_is_ticked_and_grey_and_says_so(browser: Client, ana: Any) -> None:
    register("order", "Order")
    assert "comes in any case" not in html_of(browser)
    register("invoice", "Invoice", required=["email", "in_app", "carrier_pigeon"])
    PreferenceChoice.objects.create(user=ana, type="invoice", channel="email", enabled=False)  # of before it was so
    html = html_of(browser)
    assert "comes in any case" in html
    assert html.count(" disabled>") == 1
    assert 'name="matrix" value="invoice:email" checked disabled>' in html
    assert '<span class="notifications-always"> (always)</span>' in html
    sent = {name: [text for text in texts if text != "invoice:email"] for name, texts in fields(html).items()}
    assert browser.post(PAGE, sent).status_code == 303  # browsers do not send what is disabled
    assert list(PreferenceChoice.objects.values_list("type", "channel", "enabled")) == [("invoice", "email", False)]


@pytest.mark.usefixtures("own_types")
def test_types_are_listed_under_their_categories(browser: Client) -> None:
    register("z_other", "Something else")
    assert "notifications-matrix-group" not in html_of(browser)
    for slug, category in (("a_bill", "Money"), ("a_fee", "Money"), ("a_shelf", "Goods")):
        register(slug, slug, category=category)
    html = html_of(browser)
    assert '<th scope="rowgroup" colspan="5">Money</th>' in html
    order = [html.index(text) for text in (">Something else<", ">Goods<", ">a_shelf<", ">Money<", ">a_bill<")]
    assert order == sorted(order)
    assert fields(html)["shown_types"] == ["z_other", "a_shelf", "a_bill", "a_fee"]


def test_languages_are_named_in_their_own_words_where_there_are_several(browser: Client, settings: Any) -> None:
    assert '<option value="es">Español</option>' in html_of(browser)
    settings.LANGUAGES = [("ca", "Catalan"), ("tlh", "Klingon")]
    assert languages() == [("ca", "Català"), ("tlh", "Klingon")]  # Django does not know the second
    settings.LANGUAGES = [("en", "English")]
    html = html_of(browser)
    assert "notifications-language" not in html
    assert save(browser, sound="on").status_code == 303


def test_what_is_muted_is_listed_and_unmuted(browser: Client, ana: Any, luis: Any) -> None:
    assert "Nothing. In your list" in html_of(browser)
    mute(ana, type="stock_alert", until=datetime(2998, 5, 1, 10, 20, tzinfo=UTC))
    mute(ana, target=luis)
    mute(ana, type="price_change", until=datetime(2020, 5, 1, tzinfo=UTC))
    mute(luis, type="order_ready")
    html = html_of(browser)
    assert "<strong>Out of stock</strong> until May 1, 2998, 10:20 a.m." in html
    assert "<strong>luis</strong> until you unmute it" in html
    assert html.count('value="unmute:') == 2
    [kind, target, _, his] = Mute.objects.order_by("pk")
    response = browser.post(PAGE, {"action": f"unmute:{kind.pk}"}, follow=True)
    assert response.redirect_chain == [(PAGE, 303)]
    assert "It is muted no more." in response.content.decode()
    for place in (his.pk, "x", 2**63, ""):
        response = browser.post(PAGE, {"action": f"unmute:{place}"}, follow=True)
        assert "Nothing had to be changed." in response.content.decode()
    assert set(Mute.objects.values_list("pk", flat=True)) >= {target.pk, his.pk}
    assert not Mute.objects.filter(pk=kind.pk).exists()


def test_saving_leaves_what_is_muted_alone(browser: Client, ana: Any) -> None:
    mute(ana, type="stock_alert")
    assert save(browser, sound="on").status_code == 303
    assert Mute.objects.count() == 1


def test_this_device_is_there_where_the_site_has_push(browser: Client, settings: Any) -> None:
    assert "data-notifications-push" not in html_of(browser)
    settings.NOTIFICATIONS = {
        "CHANNELS": {"push": {"VAPID_PRIVATE_KEY": vapid.new_key(), "VAPID_CONTACT": "mailto:admin@example.org"}}
    }
    html = html_of(browser)
    assert html.index("data-notifications-preferences") < html.index("</form>") < html.index("data-notifications-push")


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
        ("digest_time", "8 o'clock", "notifications-digest_time"),
        ("digest_weekday", "7", "notifications-digest_weekday"),
        ("language", "tlh", "notifications-language"),
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
    for text in (
        "Preferencias de notificación", "Zona horaria", "Guardar preferencias", "Cambio de precio", "Correo",
        "Todas juntas a las", "Silenciado", "Idioma de lo que se te envía",
    ):  # fmt: skip
        assert text in html
