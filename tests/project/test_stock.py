"""Whatever changes a stock, the product's own signal tells the right person, once, if the change was committed."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.urls import reverse

from notifications.models import Inbox, Notification
from notifications.types import all_types
from project.stock.models import Product, Sale
from project.stock.trade import CannotSell, restock, sell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_superuser("ana")


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("luis")


def product(owner: Any, *, stock: int, threshold: int = 3, sku: str = "COF") -> Product:
    return Product.objects.create(
        name="Coffee", sku=sku, stock=stock, low_stock_threshold=threshold, price=Decimal("7.90"), owner=owner
    )


def sent() -> list[tuple[str, str, str]]:
    """Recipient, type and subject, oldest first."""
    rows = Notification.objects.visible().order_by("pk")
    return list(rows.values_list("recipient__username", "type", "subject"))


def test_the_six_types_of_the_dashboard_are_registered() -> None:
    registered = {kind.slug: (str(kind.label), kind.priority) for kind in all_types()}
    assert (
        registered.items()
        >= {
            "stock_alert": ("Out of stock", "high"),
            "order_pending": ("Order waiting", "medium"),
            "order_ready": ("Order ready", "medium"),
            "system_alert": ("System alert", "critical"),
            "price_change": ("Price changed", "low"),
            "inventory_low": ("Running low", "medium"),
        }.items()
    )


def test_a_sale_lowers_the_stock_and_is_recorded(ana: Any, luis: Any) -> None:
    coffee = product(ana, stock=9)

    sell(coffee, 2, seller=luis)

    coffee.refresh_from_db()
    sale = Sale.objects.get()
    assert coffee.stock == 7
    assert (sale.product, sale.quantity, sale.unit_price, sale.seller) == (coffee, 2, Decimal("7.90"), luis)
    assert sent() == []


def test_crossing_the_threshold_tells_the_owner_once(ana: Any, luis: Any) -> None:
    coffee = product(ana, stock=5)

    for _ in range(3):  # 4, 3, 2
        sell(coffee, seller=luis)

    assert sent() == [("ana", "inventory_low", "Coffee is running low")]
    notification = Notification.objects.get()
    assert notification.message == "Only 3 left; the threshold is 3."
    assert notification.data == {"sku": "COF", "stock": 3}
    assert notification.url == f"/#product-{coffee.pk}"
    assert (notification.target, notification.target_text) == (coffee, "Coffee")
    assert Inbox.objects.get(pk=ana.pk).unread_count == 1


def test_the_last_piece_is_an_alert_and_not_a_low_stock_too(ana: Any) -> None:
    sell(product(ana, stock=5), 5)

    assert sent() == [("ana", "stock_alert", "Coffee is out of stock")]
    assert Notification.objects.get().priority == "high"


def test_a_restocked_product_can_run_low_again(ana: Any) -> None:
    coffee = product(ana, stock=4)
    sell(coffee, 1)
    restock(coffee, 5)
    sell(coffee, 5)

    assert [kind for _, kind, _ in sent()] == ["inventory_low", "inventory_low"]


@pytest.mark.parametrize("quantity", [5, 1_000_000])
def test_more_than_there_is_cannot_be_sold(ana: Any, quantity: int) -> None:
    coffee = product(ana, stock=4)

    with pytest.raises(CannotSell, match=f"Only 4 of Coffee in stock, {quantity} asked for"):
        sell(coffee, quantity)

    coffee.refresh_from_db()
    assert coffee.stock == 4
    assert not Sale.objects.exists()
    assert sent() == []


@pytest.mark.parametrize("quantity", [0, -1])
def test_less_than_one_cannot_be_sold(ana: Any, quantity: int) -> None:
    with pytest.raises(CannotSell, match="Sell 1 or more"):
        sell(product(ana, stock=4), quantity)


def test_a_stale_product_sells_from_the_stock_as_it_is(ana: Any) -> None:
    stale = product(ana, stock=9)
    sell(Product.objects.get(), 8)

    with pytest.raises(CannotSell, match="Only 1 of Coffee"):
        sell(stale, 2)


def test_eight_tills_sell_exactly_what_there_is(ana: Any) -> None:
    coffee = product(ana, stock=20)
    ready, refused = threading.Barrier(8), []

    def till() -> None:
        ready.wait()
        for _ in range(4):
            try:
                sell(coffee)
            except CannotSell as error:
                refused.append(str(error))
        connection.close()

    tills = [threading.Thread(target=till) for _ in range(8)]
    for thread in tills:
        thread.start()
    for thread in tills:
        thread.join()

    coffee.refresh_from_db()
    assert (coffee.stock, Sale.objects.count(), len(refused)) == (0, 20, 12)
    assert [kind for _, kind, _ in sent()] == ["inventory_low", "stock_alert"]


def test_a_sale_that_is_rolled_back_tells_nobody(ana: Any) -> None:
    coffee = product(ana, stock=4)

    with transaction.atomic():
        sell(coffee, 4)
        transaction.set_rollback(True)  # the payment failed

    coffee.refresh_from_db()
    assert coffee.stock == 4
    assert not Notification.objects.exists()


def test_a_new_price_tells_the_owner_and_whoever_sells_it(ana: Any, luis: Any) -> None:
    get_user_model().objects.create_user("bystander")
    coffee = product(ana, stock=20)
    sell(coffee, seller=luis)
    sell(coffee, seller=luis)
    sell(coffee)  # nobody's sale

    coffee = Product.objects.get()
    coffee.price = Decimal("8.50")
    coffee.save()
    coffee.save()

    assert sorted(sent()) == [
        ("ana", "price_change", "Coffee now costs 8.50"),
        ("luis", "price_change", "Coffee now costs 8.50"),
    ]
    assert Notification.objects.first().message == "It was 7.90 before."


def test_the_admin_is_a_way_to_change_a_stock_too(ana: Any, client: Any) -> None:
    coffee = product(ana, stock=9)
    client.force_login(ana)
    form = {"name": "Coffee", "sku": "COF", "stock": 2, "low_stock_threshold": 3, "price": "7.90", "owner": ana.pk}

    response = client.post(reverse("admin:stock_product_change", args=[coffee.pk]), form)

    assert response.status_code == 302
    assert sent() == [("ana", "inventory_low", "Coffee is running low")]


def test_a_save_that_did_not_load_the_stock_claims_nothing(ana: Any) -> None:
    product(ana, stock=1)
    coffee = Product.objects.only("name").get()
    coffee.name = "Best coffee"
    coffee.save()

    assert sent() == []
