"""What the shop has, and what it sold."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone


class Product(models.Model):
    """``owner`` is the person who keeps it in stock, and so hears when it runs low."""

    name = models.CharField(max_length=100)
    sku = models.CharField("SKU", max_length=20, unique=True)
    stock = models.PositiveIntegerField(default=0)
    low_stock_threshold = models.PositiveIntegerField(default=5)
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal(0))])
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="products")

    # As they stand in the database, so that a save can be compared with what was there before.
    stored_stock: int | None = None
    stored_price: Decimal | None = None

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('stock:dashboard')}#product-{self.pk}"

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        product = super().from_db(db, field_names, values, **options)
        product.remember()
        return product

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.remember()

    def remember(self) -> None:
        """Note what is stored; a deferred field is not loaded for that."""
        self.stored_stock = self.__dict__.get("stock")
        self.stored_price = self.__dict__.get("price")

    @property
    def is_low(self) -> bool:
        return self.stock <= self.low_stock_threshold


class Sale(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, related_name="sales")
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    # Nobody: sold at the till, which the demo's ticker plays.
    seller = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="sales")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"
