"""The steps of the documentation work as they are written."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from notifications import types
from notifications.conf import conf
from notifications.delivery.channels import memory
from notifications.models import Delivery
from project.stock.models import Product

pytestmark = pytest.mark.django_db(transaction=True)

DOCS = Path(__file__).resolve().parents[2] / "docs"
MEMORY = {"BACKEND": "notifications.delivery.channels.memory.MemoryChannel", "ADDRESS": "email"}


def python_of(page: str, marker: str) -> str:
    """The block of code that has this in it."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    [found] = [block for block in blocks if marker in block]
    return found


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana", email="ana@example.org")


@pytest.fixture
def coffee(ana: Any) -> Product:
    return Product.objects.create(sku="COF", name="Coffee", owner=ana, stock=0, price="4.00")


@pytest.fixture(autouse=True)
def _empty_outbox() -> Any:
    memory.outbox.clear()
    yield
    memory.outbox.clear()


@pytest.fixture(autouse=True)
def stock_alert(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The type of the how-to, in the module that it names; it is gone after the test."""
    monkeypatch.setattr(types, "_registry", {})
    module = ModuleType("shop.notification_types")
    exec(python_of("how-to/delivery.md", "class StockAlert"), module.__dict__)
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.StockAlert


def test_what_the_how_to_sends_goes_out_with_one_run_of_the_worker(
    settings: Any, ana: Any, coffee: Product, stock_alert: Any
) -> None:
    settings.NOTIFICATIONS = {"SITE_URL": "https://www.example.org", "CHANNELS": {"email": MEMORY}}
    names = {"user": ana, "product": coffee, "StockAlert": stock_alert}
    exec(python_of("how-to/delivery.md", "StockAlert.send(user").splitlines()[0], names)
    call_command("notifications_worker", "--once")
    assert [(sent.address, sent.message.subject) for sent in memory.outbox] == [
        ("ana@example.org", "Coffee is out of stock")
    ]
    assert Delivery.objects.get().status == "sent"


def test_the_test_on_the_page_about_memory_passes(settings: Any, ana: Any, coffee: Product) -> None:
    names: dict[str, Any] = {}
    exec(python_of("how-to/channels/memory.md", "memory.outbox"), names)
    names["test_who_is_told_that_coffee_is_out"](settings, ana, coffee)
    assert len(memory.outbox) == 1


def test_the_number_of_attempts_is_the_default() -> None:
    words = {8: "eight", 10: "ten", 12: "twelve"}
    said = (DOCS / "explanation/delivery.md").read_text()
    assert f"After {words[conf.DELIVERY_ATTEMPTS]} attempts," in said
    assert f"| `DELIVERY_ATTEMPTS` | {conf.DELIVERY_ATTEMPTS} |" in (DOCS / "how-to/delivery.md").read_text()
