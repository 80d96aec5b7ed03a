"""Two people and eight products. Run twice, it changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connection, transaction

from ..models import Product


class Person(NamedTuple):
    pk: int
    username: str
    staff: bool


ANA = Person(1, "ana", staff=True)
LUIS = Person(123, "luis", staff=False)

# Just above their thresholds, so that something happens within seconds.
PRODUCTS = [
    (ANA, "COF-250", "Coffee beans 250 g", 6, 4, "7.90"),
    (ANA, "TEA-100", "Green tea 100 g", 5, 3, "5.40"),
    (ANA, "MUG-01", "Stoneware mug", 4, 3, "11.00"),
    (ANA, "FLT-02", "Paper filters, 100", 7, 5, "3.20"),
    (LUIS, "CHO-070", "Dark chocolate 70 %", 5, 4, "3.60"),
    (LUIS, "HON-500", "Orange blossom honey", 4, 2, "8.75"),
    (LUIS, "OIL-750", "Olive oil 750 ml", 6, 4, "12.50"),
    (LUIS, "ALM-200", "Roasted almonds 200 g", 5, 3, "4.10"),
]


def seed() -> tuple[Any, Any]:
    """Return the two users."""
    with transaction.atomic():
        users = {person: _user(person) for person in (ANA, LUIS)}
        _restart_key_sequence()
        for person, sku, name, stock, threshold, price in PRODUCTS:
            values = {
                "name": name,
                "stock": stock,
                "low_stock_threshold": threshold,
                "price": Decimal(price),
                "owner": users[person],
            }
            Product.objects.get_or_create(sku=sku, defaults=values)
    return users[ANA], users[LUIS]


def _user(person: Person) -> Any:
    users = get_user_model()._default_manager
    if existing := users.filter(pk=person.pk).first():
        return existing
    taken = users.filter(username=person.username).exists()
    user = get_user_model()(
        pk=person.pk,
        username=f"{person.username}-{person.pk}" if taken else person.username,
        email=f"{person.username}@shop.example",
        is_staff=person.staff,
        is_superuser=person.staff,
    )
    user.set_unusable_password()
    user.save(force_insert=True)
    return user


def _restart_key_sequence() -> None:
    """PostgreSQL does not notice keys that were chosen by hand, and would give them out again."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [get_user_model()]):
            cursor.execute(statement)
