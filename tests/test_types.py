"""The registry of notification types, and what a mistyped one is told."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy, override

import notifications
from notifications import types
from notifications.exceptions import InvalidContent, UnknownType
from notifications.types import DeliveryChannel, NotificationType, Priority, all_types, get_type, register


@pytest.fixture(autouse=True)
def registry() -> Iterator[dict[str, type[NotificationType]]]:
    before = dict(types._registry)
    yield types._registry
    types._registry.clear()
    types._registry.update(before)


def test_a_type_is_registered_with_label_and_priority() -> None:
    kind = register("fire", "Fire!", priority=Priority.CRITICAL)
    assert get_type("fire") is kind
    assert (kind.slug, kind.label, kind.priority) == ("fire", "Fire!", Priority.CRITICAL)


def test_label_and_priority_have_defaults() -> None:
    kind = register("tea_is_ready")
    assert (kind.label, kind.priority) == ("Tea is ready", Priority.MEDIUM)


def test_a_priority_may_be_named_by_its_text() -> None:
    assert register("fire", priority="high").priority is Priority.HIGH
    with pytest.raises(InvalidContent, match="not one of low, medium, high, critical"):
        register("fire", priority="urgent")


def test_the_same_slug_again_replaces_it() -> None:
    register("fire", "Fire")
    register("fire", "Fire!", priority="high")
    assert (get_type("fire").label, get_type("fire").priority) == ("Fire!", Priority.HIGH)
    assert [kind.slug for kind in all_types()].count("fire") == 1


@pytest.mark.parametrize("slug", ["a", "7", "a.b-c_d", "x" * 100])
def test_slugs_that_may_be(slug: str) -> None:
    assert register(slug).slug == slug


@pytest.mark.parametrize("slug", ["", "A", "a b", "_a", ".a", "-a", "ñ", "a/b", "x" * 101, "a\n", "a\0"])
def test_slugs_that_may_not(slug: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must be 1-100 characters of a-z, 0-9"):
        register(slug)


def test_a_type_is_found_by_any_enum_of_its_slug() -> None:
    class Kinds(enum.Enum):
        FIRE = "fire"

    class Texts(enum.StrEnum):
        FIRE = "fire"

    kind = register("fire")
    assert get_type(Kinds.FIRE) is get_type(Texts.FIRE) is kind  # type: ignore[arg-type]


def test_a_mistyped_one_is_told_the_nearest(registry: dict[str, type[NotificationType]]) -> None:
    registry.clear()
    register("stock_alert")
    register("order_ready")
    with pytest.raises(UnknownType) as caught:
        get_type("stock_alrt")
    assert str(caught.value) == (
        "Notification type 'stock_alrt' is not registered. Did you mean 'stock_alert'? "
        "Register it in the notification_types.py of an installed app."
    )
    with pytest.raises(UnknownType, match="Known: order_ready, stock_alert"):
        get_type("zzz")


def test_without_any_the_error_says_so(registry: dict[str, type[NotificationType]]) -> None:
    registry.clear()
    with pytest.raises(UnknownType, match="Known: none yet"):
        get_type("fire")


def test_all_types_come_by_slug(registry: dict[str, type[NotificationType]]) -> None:
    registry.clear()
    for slug in ("c", "a", "b"):
        register(slug)
    assert [kind.slug for kind in all_types()] == ["a", "b", "c"]


def test_every_app_with_a_notification_types_module_is_discovered(monkeypatch: Any) -> None:
    module = ModuleType("project.stock.notification_types")
    known = "project.stock.notification_types"
    assert known in sys.modules, "imported when Django started"
    assert get_type("stock_alert").slug == "stock_alert"
    monkeypatch.setitem(sys.modules, known, module)
    types.discover()  # again does no harm
    assert get_type("stock_alert").slug == "stock_alert"


def test_labels_are_translated_when_they_are_shown() -> None:
    kind = register("fire", gettext_lazy("Yes"))
    with override("es"):
        assert str(kind.label) == "Sí"


@pytest.mark.parametrize("name", ["low", "medium", "high", "critical"])
def test_the_four_priorities(name: str) -> None:
    assert Priority.parse(name) is Priority.parse(Priority(name)) is Priority(name)


@pytest.mark.parametrize("bad", ["", "HIGH", "urgent", None, 1, ["high"]])
def test_no_other_priority(bad: Any) -> None:
    with pytest.raises(InvalidContent, match="not one of low, medium, high, critical") as caught:
        Priority.parse(bad)
    assert caught.value.field == "priority"


def test_the_six_delivery_channels() -> None:
    assert list(DeliveryChannel) == ["in_app", "websocket", "email", "sms", "push", "webhook"]


def test_the_public_names_are_importable_from_the_package() -> None:
    for name in notifications.__all__:
        assert getattr(notifications, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        notifications.nothing  # noqa: B018


def test_a_class_is_a_type_named_after_itself() -> None:
    @register
    class LongQueueAtTill(NotificationType):
        priority = "high"
        channels = (DeliveryChannel.IN_APP, "email")

    assert get_type("long_queue_at_till") is get_type(LongQueueAtTill) is LongQueueAtTill
    assert (LongQueueAtTill.label, LongQueueAtTill.priority) == ("Long queue at till", Priority.HIGH)
    assert LongQueueAtTill.channels == ("in_app", "email")


def test_a_class_may_name_its_slug_and_is_no_other_for_its_child() -> None:
    @register
    class Fire(NotificationType):
        slug = "fire!"[:4]

    @register
    class BigFire(Fire):
        pass

    assert [get_type("fire"), get_type("big_fire")] == [Fire, BigFire]


def test_mistyped_attributes_are_told_the_nearest() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"no attribute 'chanels'. Did you mean 'channels'\?"):

        @register
        class Fire(NotificationType):
            chanels = ("in_app",)

    with pytest.raises(ImproperlyConfigured, match="has no attribute colour"):
        register("fire", colour="red")
    with pytest.raises(ImproperlyConfigured, match="channels must be a list of names, not text"):
        register("fire", channels="email")
    with pytest.raises(ImproperlyConfigured, match="must be a subclass"):
        register(int)  # type: ignore[type-var]


def test_a_class_may_have_helpers_of_its_own() -> None:
    @register
    class Fire(NotificationType):
        alarm = 112

        @classmethod
        def ring(cls) -> int:
            return cls.alarm

    assert Fire.ring() == 112


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"escalate": {"email": 600}}, "escalate must be like"),
        ({"ttl": 7}, "ttl must be a timedelta, not 7"),
        ({"collapse": "{{ x }}"}, "collapse must be like Collapse"),
    ],
)
def test_wrong_values_are_told_when_it_is_registered(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        register("fire", **wrong)


def test_what_is_required_or_waits_is_also_used() -> None:
    kind = register("fire", required=("sms",), escalate={"email": timedelta(minutes=1)})
    assert kind.channels == ("in_app", "websocket", "sms", "email")
