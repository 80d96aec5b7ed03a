"""A type with words of its own: filled in for each person in their language, and what a hole in them is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import get_language

from notifications import NotificationType, asend_notification, send_notification
from notifications.exceptions import InvalidContent, MissingContext
from notifications.inbox.rendering import check_template
from notifications.models import Batch, BatchChunk, Notification, Preference
from notifications.types import Collapse

WORDS = {"en": "{{ product.name }} is out of stock", "es": "No queda {{ product.name }}"}
in_their_language = lazy(lambda: WORDS[str(get_language())], str)


class Product:
    def __init__(self, name: str = "Milk & <honey>") -> None:
        self.name, self.pk = name, 7


@pytest.fixture
def stock(a_type: Callable[..., Any]) -> Any:
    class OutOfStock(NotificationType):
        subject = in_their_language()
        message = "{% if left %}{{ left }} left{% else %}The last one was sold.{% endif %}\n"
        url = "/products/{{ product.pk }}/"

    return a_type(OutOfStock)


@pytest.fixture
def spanish(ben: Any) -> Any:
    Preference.objects.create(user=ben, language="es")
    return ben


def said(user: Any) -> list[tuple[str, str, str]]:
    return list(Notification.objects.filter(recipient=user).values_list("subject", "message", "url"))


MILK = ("Milk & <honey> is out of stock", "The last one was sold.", "/products/7/")


def test_each_is_told_in_their_language_and_nothing_is_escaped(stock: Any, ana: Any, spanish: Any) -> None:
    for user in (ana, spanish):
        stock.send(user, product=Product())
    assert said(ana) == [MILK]
    assert said(spanish) == [("No queda Milk & <honey>", *MILK[1:])]


def test_the_class_and_the_slug_are_one_path(stock: Any, ana: Any) -> None:
    send_notification(ana, "out_of_stock", context={"product": Product()})
    send_notification(ana, stock, context={"product": Product()})
    stock.send(ana, product=Product())
    assert said(ana) == [MILK] * 3


def test_what_the_send_says_goes_before_what_the_type_says(stock: Any, ana: Any) -> None:
    stock.send(ana, product=Product(), message="Hurry", url="/", left=3)
    stock.send(ana, product=Product(), left=3)
    stock.send(ana, subject="By hand", product=Product())
    assert said(ana) == [
        (MILK[0], "Hurry", "/"),
        (MILK[0], "3 left", MILK[2]),
        ("By hand", *MILK[1:]),
    ]


def test_words_given_by_hand_need_no_context(stock: Any, ana: Any) -> None:
    send_notification(ana, "out_of_stock", "By hand", "Said so")
    assert said(ana) == [("By hand", "Said so", "")]


def test_a_name_that_is_missing_is_named(stock: Any, ana: Any) -> None:
    with pytest.raises(MissingContext) as caught:
        stock.send(ana, prodct=Product())
    assert str(caught.value) == (
        "The subject of type 'out_of_stock' needs 'product', which was not given. Is it 'prodct'? "
        "Send it as OutOfStock.send(user, product=…)."
    )
    assert not Notification.objects.exists()


def test_a_template_that_fails_says_whose_it_is(a_type: Callable[..., Any], ana: Any) -> None:
    class Angry:
        def shout(self) -> str:
            raise RuntimeError("no voice")

    kind = a_type("angry", subject="{{ who.shout }}")
    with pytest.raises(InvalidContent, match="subject of type 'angry' cannot be rendered: RuntimeError: no voice"):
        kind.send(ana, who=Angry())
    broken = a_type("broken", subject="{% if %}")
    with pytest.raises(InvalidContent, match="subject of type 'broken' cannot be rendered"):
        broken.send(ana)
    assert "if" in (check_template("{% if %}") or "")
    assert check_template("{{ fine }}") is None


def test_a_subject_becomes_one_line_that_fits(a_type: Callable[..., Any], ana: Any) -> None:
    a_type("long", subject="{{ name }}\n is \n here").send(ana, name="x" * 300)
    subject = Notification.objects.get().subject
    assert len(subject) == 255
    assert subject.endswith("…")


def test_a_type_without_words_needs_a_subject(ana: Any) -> None:
    with pytest.raises(InvalidContent, match="subject is empty"):
        send_notification(ana, "order_ready")


def test_many_are_told_each_in_their_language(stock: Any, ana: Any, spanish: Any) -> None:
    result = stock.send_many([ana, spanish], product=Product())
    assert (result["recipients"], result["created"], result["pending"]) == (2, 2, 0)
    assert (said(ana), said(spanish)) == ([MILK], [("No queda Milk & <honey>", *MILK[1:])])
    assert Batch.objects.count() == 1
    assert set(BatchChunk.objects.values_list("language", "size")) == {("", 1), ("es", 1)}


def test_a_language_that_the_site_speaks_no_more_is_the_sites(stock: Any, ana: Any) -> None:
    Preference.objects.create(user=ana, language="tlh")
    stock.send(ana, product=Product())
    assert said(ana) == [MILK]


def test_the_users_own_model_may_know_the_language(stock: Any, ana: Any, spanish: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"USER_LANGUAGE": "first_name"}
    get_user_model().objects.update(first_name="es-mx")
    Preference.objects.filter(pk=spanish.pk).update(language="en")
    stock.send_many(get_user_model().objects.all(), product=Product())
    assert said(ana)[0][0].startswith("No queda")
    assert said(spanish) == [MILK]


def test_time_to_live(a_type: Callable[..., Any], ana: Any) -> None:
    kind = a_type("short", subject="Soon over", ttl=timedelta(minutes=5))
    kind.send(ana)
    kind.send(ana, expires_at=timezone.now() + timedelta(days=1))
    lives = [row.expires_at - row.created_at for row in Notification.objects.order_by("pk")]
    assert lives[0] == timedelta(minutes=5)
    assert lives[1] > timedelta(hours=23)


def test_channels_and_priority_are_the_types(a_type: Callable[..., Any], ana: Any) -> None:
    kind = a_type("quiet", subject="Psst", priority="low", channels=("in_app",))
    assert kind.send(ana)["channels_sent"] == ["in_app"]
    row = Notification.objects.get()
    assert (row.priority, row.silent) == ("low", True)


async def test_the_async_twin(stock: Any, ana: Any) -> None:
    result = await asend_notification(ana, stock, context={"product": Product()})
    assert result["created"]


def test_nobody_is_asked_for_a_language_without_need(stock: Any, ana: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        send_notification(ana, "stock_alert", "By hand")
    assert not [each for each in queries.captured_queries if Preference._meta.db_table in each["sql"]]
    with CaptureQueriesContext(connection) as queries:
        stock.send(ana, product=Product())
    assert len([each for each in queries.captured_queries if Preference._meta.db_table in each["sql"]]) == 1


def test_addresses_and_keys_are_the_same_in_every_language(ana: Any, a_type: Callable[..., Any], settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    kind = a_type("order", subject="Order {{ n }}", url="/orders/{{ n }}/", collapse=Collapse("{{ n }}"))
    kind.send(ana, n=123456)
    row = Notification.objects.get()
    assert (row.subject, row.url, row.collapse_key) == ("Order 123,456", "/orders/123456/", "123456")


def test_only_what_is_not_said_needs_its_names(stock: Any, ana: Any) -> None:
    stock.send(ana, subject="S", message="M", url="/")
    assert said(ana) == [("S", "M", "/")]


def test_a_type_that_wants_a_channel_nobody_knows_fails_no_send(ana: Any, a_type: Callable[..., Any]) -> None:
    a_type("odd", subject="Odd", channels=("in_app", "pigeon"))
    assert send_notification(ana, "odd")["created"]
