"""The only ways a stock changes, apart from the admin."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from .models import Product, Sale


class CannotSell(ValueError):
    """The text is for the person at the till."""


def sell(product: Product, quantity: int = 1, *, seller: Any = None) -> Sale:
    """Sell, and lower the stock by ``quantity``. The product's owner hears of it if that leaves little or nothing.

    Raises:
        CannotSell: less is in stock, or ``quantity`` is not at least 1. Nothing was changed.
    """
    if quantity < 1:
        raise CannotSell(f"{quantity} cannot be sold. Sell 1 or more.")
    with transaction.atomic():
        # Locked before it is read: two tills that both saw the last one would both sell it.
        locked = Product.objects.select_for_update().get(pk=product.pk)
        if locked.stock < quantity:
            text = _("Only {stock} of {name} in stock, {quantity} asked for. Restock it first.")
            raise CannotSell(text.format(stock=locked.stock, name=locked.name, quantity=quantity))
        locked.stock -= quantity
        locked.save(update_fields=["stock"])
        return Sale.objects.create(product=locked, quantity=quantity, unit_price=locked.price, seller=seller)


def restock(product: Product, quantity: int) -> None:
    """Put ``quantity`` more on the shelf; nobody needs to hear of that."""
    Product.objects.filter(pk=product.pk).update(stock=F("stock") + quantity)
