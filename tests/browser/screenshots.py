"""``python -m tests.browser.screenshots``: the pictures in ``docs/screenshots``, always of the same content.

The moments are fixed, for the server's rows and for the page's clock, so a picture changes only with what it shows.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from tests.browser import chromium
from tests.processes import scratch_folder

NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
COLUMN = {"width": 900, "height": 800}  # of a guide: a page as a whole, no wider than its content


class Told(NamedTuple):
    minutes_ago: int
    kind: str
    priority: str
    english: tuple[str, str]
    spanish: tuple[str, str]
    read: bool = False


TOLD = [
    Told(9_200, "order_ready", "medium", ("Order 1036 is ready", "Three parcels, 12.4 kg."),
         ("El pedido 1036 está listo", "Tres paquetes, 12,4 kg."), read=True),
    Told(4_400, "price_change", "low", ("Olive oil 750 ml costs more", "From 11.90 € to 12.50 €."),
         ("El aceite de oliva 750 ml sube de precio", "De 11,90 € a 12,50 €."), read=True),
    Told(1_600, "order_ready", "medium", ("Order 1039 is ready", "Collected today after five o'clock."),
         ("El pedido 1039 está listo", "Se recoge hoy después de las cinco."), read=True),
    Told(190, "inventory_low", "medium", ("Green tea is running low", "3 left of 20."),
         ("Queda poco té verde", "Quedan 3 de 20."), read=True),
    Told(47, "order_pending", "medium", ("Order 1042 waits for you", "Two products need your word before noon."),
         ("El pedido 1042 te espera", "Dos productos necesitan tu confirmación antes de mediodía.")),
    Told(12, "stock_alert", "high", ("Stoneware mugs are sold out", "The last one went to Lisbon."),
         ("Se han agotado las tazas de gres", "La última se fue a Lisboa.")),
    Told(2, "order_ready", "medium", ("Order 1043 is ready", "One parcel, 0.8 kg."),
         ("El pedido 1043 está listo", "Un paquete, 0,8 kg.")),
]  # fmt: skip

# By language: English, Spanish.
MUG = [("MUG-01", "Stoneware mug"), ("TAZ-01", "Taza de gres")]
TEA = [("TEA-100", "Green tea 100 g"), ("TE-100", "Té verde 100 g")]
POPS_UP = [
    ("order_ready", "medium", "Order 1044 is ready", "Two parcels, 3.1 kg."),
    ("stock_alert", "high", "Orange blossom honey is sold out", "Nine people have it in their baskets."),
    ("system_alert", "critical", "The cold store is at 9 °C", "It should be at 4 °C. Somebody has to look."),
]
LOOK = {
    "viewport": DESKTOP,
    "color_scheme": "light",
    "locale": "en-GB",
    "timezone_id": "UTC",
    "reduced_motion": "reduce",
}


def main() -> int:
    _set_up()
    from django.contrib.auth import get_user_model
    from playwright.sync_api import sync_playwright

    from project.stock.demo.seed import seed
    from tests.live_site import environment
    from tests.servers import ROOT, Site

    ana, _luis = seed()
    lucia = get_user_model().objects.create_user("lucía")
    told = {user: _tell(user, spanish=user == lucia) for user in (ana, lucia)}
    with ExitStack() as running:
        driver = running.enter_context(sync_playwright())
        browser = chromium.launch(driver)
        if browser is None:
            print(chromium.MISSING, file=sys.stderr)
            return 1
        site = Site(env=environment(CHANNELS=_channels())).start()
        running.callback(site.stop)
        folder = ROOT / "docs" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        photographer = Photographer(browser, site.http, folder)
        photographer.all(ana, lucia)
        for user, suffix, locale in ((ana, "", "en-GB"), (lucia, "-es", "es-ES")):
            _choose(user, told[user], spanish=user == lucia)
            photographer.guide(user, told[user], suffix, locale=locale)
        browser.close()
    return 0


def _set_up() -> None:
    """Django on a database of its own."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["DATABASE_URL"] = f"sqlite:///{scratch_folder()}/screenshots.sqlite3"
    os.environ.pop("REDIS_URL", None)
    os.environ.update([chromium.ALLOW_ORM])
    os.environ["TEST_NOTIFICATIONS"] = json.dumps({"CHANNELS": _channels()})
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@cache
def _channels() -> dict[str, Any]:
    from notifications.delivery import vapid

    return {"email": {}, "push": {"VAPID_PRIVATE_KEY": vapid.new_key(), "VAPID_CONTACT": "mailto:shop@example.org"}}


def _tell(user: Any, *, spanish: bool) -> int:
    """Return the id of the notification that the guides explain."""
    from notifications import send_notification
    from notifications.inbox.services import mark_read
    from notifications.models import Notification

    for told in TOLD:
        subject, message = told.spanish if spanish else told.english
        about = _product(user, *MUG[spanish]) if told.kind == "stock_alert" else None
        made = send_notification(
            user, told.kind, subject, message, priority=told.priority, url="/notifications/", target=about
        )
        moment = NOON - timedelta(minutes=told.minutes_ago)
        Notification.objects.filter(pk=made["notification_id"]).update(created_at=moment)
        if told.read:
            mark_read(user, [made["notification_id"]])
    return Notification.objects.get(recipient=user, type="stock_alert").pk


def _product(user: Any, sku: str, name: str) -> Any:
    from project.stock.models import Product

    values = {"name": name, "stock": 5, "low_stock_threshold": 3, "price": "5.40", "owner": user}
    return Product.objects.get_or_create(sku=sku, defaults=values)[0]


def _choose(user: Any, notification_id: int, *, spanish: bool) -> None:
    """What a guide can show: something of everything."""
    from notifications.models import Delivery
    from notifications.preferences.mutes import mute
    from notifications.preferences.services import update_preferences

    explained = {"email": ("sent", "", 1, "250 2.0.0 Ok: queued as 4bXk7r"), "push": ("skipped", "no_address", 0, "")}
    for channel, (status, reason, attempts, answer) in explained.items():
        said = {"status": status, "reason": reason, "attempts": attempts, "answer": answer, "due_at": None}
        Delivery.objects.update_or_create(
            notification_id=notification_id,
            channel=channel,
            defaults={**said, "recipient": user, "finished_at": NOON - timedelta(minutes=11)},
        )
    mute(user, target=_product(user, *TEA[spanish]))
    update_preferences(
        user,
        {
            "frequency": "weekly",
            "time_zone": "Europe/Madrid",
            "quiet_hours_enabled": True,
            "matrix": {"order_ready": {"email": False}, "price_change": {"push": False}},
        },
    )


class Photographer:
    def __init__(self, browser: Any, url: str, folder: Any) -> None:
        self.browser, self.url, self.folder = browser, url, folder

    def all(self, ana: Any, lucia: Any) -> None:
        from tests.browser.visitor import ADMIN, DASHBOARD, HISTORY

        self.take("light", ana, DASHBOARD, opened=True)
        self.take("dark", ana, DASHBOARD, opened=True, color_scheme="dark")
        self.take("phone", ana, DASHBOARD, opened=True, viewport=PHONE, device_scale_factor=2)
        self.take("spanish", lucia, DASHBOARD, opened=True, locale="es-ES")
        self.take("admin", ana, ADMIN, opened=True)
        self.take("history", ana, HISTORY)
        self.take("toasts", ana, DASHBOARD, pops_up=True)

    def guide(self, user: Any, notification_id: int, suffix: str, *, locale: str) -> None:
        """What a user's guide shows, in its language."""
        from tests.browser.visitor import PREFERENCES

        look = {"locale": locale, "viewport": COLUMN, "permissions": ["notifications"], "whole": True}
        look["timezone_id"] = "Europe/Madrid"  # what they have chosen, too
        self.take(f"preferences{suffix}", user, PREFERENCES, **look)
        self.take(f"why{suffix}", user, f"/notifications/{notification_id}/why/", **look)

    def take(
        self,
        name: str,
        user: Any,
        path: str,
        *,
        opened: bool = False,
        pops_up: bool = False,
        whole: bool = False,
        **options: Any,
    ) -> None:
        from tests.browser.complaints import Complaints
        from tests.browser.pages import Bell, live
        from tests.browser.visitor import Visitor

        complaints = Complaints()
        with closing(Visitor(self.browser, self.url, user, complaints, **{**LOOK, **options})) as visitor:
            page = visitor.context.new_page()
            page.clock.set_fixed_time(NOON)
            page.goto(path)
            live(page)
            if opened:
                Bell(page).open().rows.first.wait_for()
            if pops_up:
                self._pop_up(page, user)
            page.evaluate("document.fonts.ready.then(() => undefined)")
            page.screenshot(path=self.folder / f"{name}.png", caret="hide", full_page=whole)
        if heard := complaints.unexpected():
            raise AssertionError(f"{name}: {heard}")
        print(f"docs/screenshots/{name}.png")

    def _pop_up(self, page: Any, user: Any) -> None:
        from tests.browser.door import Door
        from tests.browser.pages import Toasts

        with closing(Door(self.url)) as door:
            for number, (kind, priority, subject, message) in enumerate(POPS_UP, 1):
                door.send(user, subject, message=message, notification_type=kind, priority=priority, url="/")
                Toasts(page).each.nth(number - 1).wait_for()


if __name__ == "__main__":
    sys.exit(main())
