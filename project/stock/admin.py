from __future__ import annotations

from django.contrib import admin

from .models import Product, Sale


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "sku", "stock", "low_stock_threshold", "price", "owner"]
    list_select_related = ["owner"]
    search_fields = ["name", "sku"]
    raw_id_fields = ["owner"]


@admin.register(Sale)
class SaleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A sale is made with ``trade.sell``, which lowers the stock; here it is only looked at."""

    list_display = ["created_at", "product", "quantity", "unit_price", "seller"]
    list_select_related = ["product", "seller"]

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: Sale | None = None) -> bool:
        return False
