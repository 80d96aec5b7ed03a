"""The product's own signal tells people: however the stock changed, by a sale or in the admin."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from .models import Product
from .notification_types import InventoryLow, PriceChange, StockAlert


def connect() -> None:
    post_save.connect(product_saved, sender=Product, dispatch_uid="stock.product_saved")


def product_saved(instance: Product, created: bool, raw: bool, **_: Any) -> None:
    """Runs in the transaction that saved: if that is rolled back, nobody hears of what did not happen."""
    if not (created or raw):
        _tell_of_stock(instance)
        _tell_of_price(instance)
    instance.remember()


def _tell_of_stock(product: Product) -> None:
    before, now = product.stored_stock, product.stock
    if before is None or now >= before:
        return
    data = {"sku": product.sku, "stock": now}
    if now == 0:
        StockAlert.send(product.owner_id, product=product, target=product, data=data)
    elif now <= product.low_stock_threshold < before:
        InventoryLow.send(product.owner_id, product=product, target=product, data=data)


def _tell_of_price(product: Product) -> None:
    before, now = product.stored_price, product.price
    if before is None or now == before:
        return
    # Those concerned: the owner, and whoever sells it.
    sellers = product.sales.exclude(seller=None).values_list("seller_id", flat=True).distinct()
    PriceChange.send_many(
        [product.owner_id, *sellers],
        product=product,
        before=before,
        target=product,
        data={"sku": product.sku, "price": str(now), "previous_price": str(before)},
    )
