"""The product's own signal tells people: however the stock changed, by a sale or in the admin."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from notifications import send_notification, send_notifications

from .models import Product


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
    if now == 0:
        _tell_owner(product, "stock_alert", f"{product.name} is out of stock", "The last one was sold. Restock it.")
    elif now <= product.low_stock_threshold < before:
        left = f"Only {now} left; the threshold is {product.low_stock_threshold}."
        _tell_owner(product, "inventory_low", f"{product.name} is running low", left)


def _tell_owner(product: Product, kind: str, subject: str, message: str) -> None:
    send_notification(
        product.owner_id,
        kind,
        subject,
        message,
        data={"sku": product.sku, "stock": product.stock},
        url=product.get_absolute_url(),
        target=product,
    )


def _tell_of_price(product: Product) -> None:
    before, now = product.stored_price, product.price
    if before is None or now == before:
        return
    # Those concerned: the owner, and whoever sells it.
    sellers = product.sales.exclude(seller=None).values_list("seller_id", flat=True).distinct()
    send_notifications(
        [product.owner_id, *sellers],
        "price_change",
        f"{product.name} now costs {now}",
        f"It was {before} before.",
        data={"sku": product.sku, "price": str(now), "previous_price": str(before)},
        url=product.get_absolute_url(),
        target=product,
    )
