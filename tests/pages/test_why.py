"""The page that says why a notification came, and lets the person hear less of its kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from notifications.inbox.services import delete
from notifications.models import Delivery, Mute, Notification, Preference, Reason, Status
from notifications.preferences.mutes import MAX_MUTES, mute
from notifications.preferences.services import update_preferences
from notifications.types import BUILT_IN
from project.stock.models import Product

from . import conftest
from .conftest import HISTORY, html_of

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _email(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {}}}


@pytest.fixture
def mugs(ana: Any) -> Product:
    return Product.objects.create(sku="MUG", name="Stoneware mug", owner=ana, stock=5, price="11.00")


def send(user: Any, subject: str, **options: Any) -> list[int]:
    """By no channel but the inbox's own; what became of others, each test says itself."""
    return conftest.send(user, subject, **{"channels": BUILT_IN, **options})


def page(pk: Any) -> str:
    return f"/notifications/{pk}/why/"


def read(browser: Client, pk: Any, **headers: Any) -> str:
    response = browser.get(page(pk), **headers)
    assert response.status_code == 200
    return unescape(response.content.decode())


def post(browser: Client, pk: Any, action: str) -> str:
    """What the page says after."""
    response = browser.post(page(pk), {"action": action})
    assert (response.status_code, response["Location"]) == (303, page(pk))
    return read(browser, pk)


def test_strangers_are_sent_to_the_log_in(ana: Any) -> None:
    [pk] = send(ana, "Sold out")
    assert Client().get(page(pk))["Location"] == f"/welcome?next={page(pk)}"


def test_only_ones_own(browser: Client, ana: Any, luis: Any) -> None:
    [gone], [his] = send(ana, "Sold out"), send(luis, "His")
    delete(ana, [gone])
    for number in (gone, his, his + 1000, 2**63, 10**30):
        assert browser.get(page(number)).status_code == 404
        assert browser.post(page(number), {"action": "mute_type:day"}).status_code == 404
    assert not Mute.objects.exists()


def test_the_history_leads_there(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "Sold out")
    html = html_of(browser)
    assert f'href="{page(pk)}" aria-label="Why did I get “Sold out”?">Why?</a>' in html


def test_each_way_with_its_reason_attempts_and_times(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "Sold out", notification_type="stock_alert", message="<b>", url="/stock/")
    Delivery.objects.create(
        notification_id=pk, recipient=ana, channel="email", attempts=3, finished_at=NOON,
        status=Status.FAILED, reason=Reason.GAVE_UP, answer="451 s3cret",
    )  # fmt: skip
    html = browser.get(page(pk)).content.decode()
    assert '<a href="/stock/">Sold out</a>' in html
    assert html.count('<th scope="row">') == 3
    assert '<span class="notifications-status" data-status="failed">Failed</span>' in html
    assert "Given up after 3 attempts." in html
    assert "<dt>Attempts</dt><dd>3</dd>" in html
    assert "<dt>Finished</dt><dd>March 12, 2026, noon</dd>" in html
    assert "It could not be handed over to the provider." in html
    assert "451" not in html  # it is for who runs the site


def test_what_a_channel_vouches_for_is_shown(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "Sold out")
    Delivery.objects.create(
        notification_id=pk, recipient=ana, channel="email", attempts=1, finished_at=NOON,
        status=Status.SENT, answer="250 <queued>",
    )  # fmt: skip
    assert "<dt>Answer</dt><dd>250 &lt;queued&gt;</dd>" in browser.get(page(pk)).content.decode()


def test_times_are_on_the_persons_own_clock(browser: Client, ana: Any) -> None:
    update_preferences(ana, {"time_zone": "Europe/Madrid"})
    [pk] = send(ana, "Sold out")
    due_at = datetime(2998, 7, 1, 5, 0, tzinfo=UTC)
    Delivery.objects.create(notification_id=pk, recipient=ana, channel="email", reason="quiet_hours", due_at=due_at)
    assert "end of the quiet hours: July 1, 2998, 7 a.m." in read(browser, pk)
    Notification.objects.update(created_at=datetime(2026, 7, 1, 5, 0, tzinfo=UTC))
    assert "July 1, 2026, 7 a.m.</time>" in read(browser, pk)


@pytest.mark.parametrize(("span", "days"), [("day", 1), ("week", 7)])
def test_its_kind_is_muted_for_a_while_and_unmuted(browser: Client, ana: Any, span: str, days: int) -> None:
    [pk] = send(ana, "Sold out", notification_type="stock_alert")
    with time_machine.travel(NOON, tick=False):
        browser.force_login(ana)
        html = post(browser, pk, f"mute_type:{span}")
        assert f"Muted until March {12 + days}, 2026, noon." in html
        assert f"“Out of stock” is muted until March {12 + days}, 2026, noon" in html
    row = Mute.objects.get()
    assert (row.user, row.type, row.target_type, row.until) == (ana, "stock_alert", None, NOON + timedelta(days=days))

    with time_machine.travel(NOON, tick=False):
        assert "It is muted no more." in post(browser, pk, f"unmute:{row.pk}")
    assert not Mute.objects.exists()


def test_muting_for_a_while_does_not_shorten(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "Sold out", notification_type="stock_alert")
    with time_machine.travel(NOON, tick=False):
        browser.force_login(ana)
        post(browser, pk, "mute_type:week")
        assert "Muted until March 19, 2026, noon." in post(browser, pk, "mute_type:day")
    assert Mute.objects.get().until == NOON + timedelta(days=7)


def test_what_is_muted_without_end_can_be_unmuted_only(browser: Client, ana: Any, mugs: Product) -> None:
    [pk] = send(ana, "Sold out", notification_type="stock_alert", target=mugs)
    mute(ana, type="stock_alert")
    html = read(browser, pk)
    assert "mute_type" not in html
    assert "mute_target:day" in html
    assert "unmute:" in html
    assert "Muted until you unmute it." in post(browser, pk, "mute_type:day")  # of a page that was open before
    mute(ana, target=mugs)
    assert "mute_target" not in read(browser, pk)
    assert set(Mute.objects.values_list("until", flat=True)) == {None}


def test_a_time_zone_that_the_machine_no_longer_knows(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "Sold out")
    Preference.objects.create(user=ana, time_zone="Europe/Atlantis")
    Notification.objects.update(created_at=NOON)
    assert "March 12, 2026, noon</time>" in read(browser, pk)


def test_what_it_is_about_is_muted_even_if_it_is_gone(browser: Client, ana: Any, mugs: Product) -> None:
    [pk] = send(ana, "Sold out", notification_type="stock_alert", target=mugs)
    [other] = send(ana, "Hello")
    assert "All notifications about “Stoneware mug" in read(browser, pk)
    assert "Everything about" not in read(browser, other)
    key = str(mugs.pk)
    mugs.delete()
    assert "Muted until" in post(browser, pk, "mute_target:day")
    row = Mute.objects.get()
    assert (row.type, row.target_id, row.target_text) == ("", key, Notification.objects.get(pk=pk).target_text)
    assert f"“{row.target_text}” is muted until" in read(browser, pk)
    assert "is muted until" not in read(browser, other)


def test_what_is_muted_for_others_or_no_more_is_not_shown(browser: Client, ana: Any, luis: Any) -> None:
    [pk] = send(ana, "Sold out", notification_type="stock_alert")
    mute(luis, type="stock_alert")
    mute(ana, type="price_change")
    mute(ana, type="stock_alert", until=NOON)
    assert "” is muted" not in read(browser, pk)


@pytest.mark.parametrize(
    "action",
    ["", "mute_type", "mute_type:year", "mute_target:day", "delete:1", "unmute:x", "unmute:{his}", "unmute:9" * 9],
)
def test_what_cannot_be_done_changes_nothing(browser: Client, ana: Any, luis: Any, action: str) -> None:
    [pk] = send(ana, "Sold out", notification_type="stock_alert")
    mute(luis, type="stock_alert")
    assert "That could not be done." in post(browser, pk, action.format(his=Mute.objects.get().pk))
    assert list(Mute.objects.values_list("user", flat=True)) == [luis.pk]


def test_who_has_muted_too_much_is_told(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "Sold out", notification_type="stock_alert")
    Mute.objects.bulk_create(Mute(user=ana, type=f"of_old_{number}") for number in range(MAX_MUTES))
    assert "So much is muted already" in post(browser, pk, "mute_type:day")
    assert Mute.objects.count() == MAX_MUTES


def test_a_kind_that_is_registered_no_more(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "Sold out")
    Notification.objects.update(type="of_old")
    html = read(browser, pk)
    assert "of_old" in html
    assert "mute_type" not in html
    assert "That could not be done." in post(browser, pk, "mute_type:day")


def test_the_page_needs_its_token(ana: Any) -> None:
    [pk] = send(ana, "Sold out")
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(ana)
    assert forger.post(page(pk), {"action": "mute_type:day"}).status_code == 403


def test_the_page_is_spanish_for_who_asks_for_it(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "Agotado", notification_type="stock_alert")
    html = read(browser, pk, headers={"accept-language": "es"})
    for text in (
        "¿Por qué me ha llegado esto?",
        "Está en la lista, sin leer.",
        "Silenciar un día",
        "Aviso en pantalla",
    ):
        assert text in html
    assert f'href="{page(pk)}"' in browser.get(HISTORY, headers={"accept-language": "es"}).content.decode()
