"""What the shop tells people, each in their language."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications import Collapse, NotificationType, Priority, register

STOCK, ORDERS = _("Stock"), _("Orders")
BESIDE = tuple(settings.NOTIFICATIONS.get("CHANNELS", ()))  # e-mail, and what else this site delivers by
EVERYWHERE = ("in_app", "websocket", *BESIDE)


@register
class StockAlert(NotificationType):
    label = _("Out of stock")
    category = STOCK
    priority = Priority.HIGH
    channels = EVERYWHERE
    # Whoever has the dashboard open sees it there.
    escalate = dict.fromkeys(BESIDE, timedelta(minutes=1))
    subject = _("{{ product }} is out of stock")
    message = _("The last one was sold. Restock it.")
    url = "{{ product.get_absolute_url }}"


@register
class InventoryLow(NotificationType):
    label = _("Running low")
    category = STOCK
    subject = _("{{ product }} is running low")
    message = _("Only {{ product.stock }} left; the threshold is {{ product.low_stock_threshold }}.")
    url = "{{ product.get_absolute_url }}"


@register
class PriceChange(NotificationType):
    label = _("Price changed")
    category = STOCK
    priority = Priority.LOW
    subject = _("{{ product }} now costs {{ product.price }}")
    message = _("It was {{ before }} before.")
    url = "{{ product.get_absolute_url }}"
    # Somebody tries one price after the other: what counts is the last.
    collapse = Collapse("{{ product.pk }}")


register("order_pending", _("Order waiting"), category=ORDERS)
register("order_ready", _("Order ready"), category=ORDERS)
register(
    "system_alert",
    _("System alert"),
    priority=Priority.CRITICAL,
    channels=EVERYWHERE,
    required=("in_app", *BESIDE),  # nobody can say no to these
)
