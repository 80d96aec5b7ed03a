"""What the shop tells people. A send that names no priority takes the one given here."""

from django.utils.translation import gettext_lazy as _

from notifications import Priority, register

register("stock_alert", _("Out of stock"), priority=Priority.HIGH)
register("inventory_low", _("Running low"), priority=Priority.MEDIUM)
register("order_pending", _("Order waiting"), priority=Priority.MEDIUM)
register("order_ready", _("Order ready"), priority=Priority.MEDIUM)
register("price_change", _("Price changed"), priority=Priority.LOW)
register("system_alert", _("System alert"), priority=Priority.CRITICAL)
