"""SPEC §1.4, row by row: what ``send_notification()`` takes and answers."""

from __future__ import annotations

import enum
import logging
from typing import Any

import pytest
from django.utils.translation import gettext_lazy

from notifications import Priority, asend_notification, send_notification, send_notifications
from notifications.models import Notification
from notifications.signals import inbox_changed
from notifications.types import DeliveryChannel

from .conftest import Heard
from .invariants import check


class Kind(enum.Enum):
    STOCK = "stock_alert"


def sent(result: Any) -> Notification:
    return Notification.objects.get(pk=result["notification_id"])


def test_the_answer_has_exactly_these_keys(ana: Any) -> None:
    result = send_notification(ana.pk, "stock_alert", "Low stock", "Only 3 left")
    assert result == {
        "success": True,
        "notification_id": Notification.objects.get().pk,
        "created": True,
        "channels_sent": ["in_app", "websocket"],
        "channels_queued": [],
        "channels_skipped": {},
        "errors": [],
        "batch_id": None,
    }


def test_the_row_is_saved_and_numbered(ana: Any) -> None:
    row = sent(send_notification(ana.pk, "stock_alert", "Low stock", "Only 3 left"))
    assert (row.recipient, row.type, row.subject, row.message) == (ana, "stock_alert", "Low stock", "Only 3 left")
    assert (row.seq, row.rev, row.pending, row.counted, row.read_at, row.silent) == (1, 1, False, True, None, False)
    check(ana)


def test_every_argument_may_be_given_by_position_as_the_original_did(ana: Any) -> None:
    row = sent(
        send_notification(ana.pk, "price_change", "New price", "Milk", ["in_app"], "high", {"sku": 7}, "request-1")
    )
    assert (row.type, row.subject, row.message, row.priority, row.data) == (
        "price_change",
        "New price",
        "Milk",
        "high",
        {"sku": 7},
    )


@pytest.mark.parametrize("kind", ["stock_alert", Kind.STOCK])
@pytest.mark.parametrize("priority", ["critical", Priority.CRITICAL])
@pytest.mark.parametrize("channel", ["websocket", DeliveryChannel.WEBSOCKET])
def test_enums_or_strings(ana: Any, kind: Any, priority: Any, channel: Any) -> None:
    result = send_notification(ana.pk, kind, "Low stock", channels=[channel], priority=priority)
    assert (sent(result).type, sent(result).priority) == ("stock_alert", "critical")
    assert result["channels_sent"] == ["in_app", "websocket"]


@pytest.mark.parametrize("recipient", ["user", "key", "text"])
def test_the_recipient_is_a_user_a_key_or_its_text(ana: Any, recipient: str) -> None:
    given = {"user": ana, "key": ana.pk, "text": str(ana.pk)}[recipient]
    assert sent(send_notification(given, "stock_alert", "x")).recipient == ana


def test_in_app_is_always_among_the_channels_sent(ana: Any) -> None:
    assert send_notification(ana, "stock_alert", "x", channels=[])["channels_sent"] == ["in_app"]
    assert send_notification(ana, "stock_alert", "x", channels=["websocket"])["channels_sent"] == [
        "in_app",
        "websocket",
    ]


@pytest.mark.parametrize("channel", ["email", "sms", "push", "webhook"])
def test_a_channel_that_nobody_delivers_is_an_error_and_the_send_a_success(ana: Any, channel: str) -> None:
    result = send_notification(ana, "stock_alert", "x", channels=["websocket", channel])
    assert result["success"] is True
    assert result["channels_sent"] == ["in_app", "websocket"]
    assert result["channels_queued"] == []
    assert result["errors"] == [
        f'{channel}: this site has no such delivery channel. Add it to NOTIFICATIONS["CHANNELS"].'
    ]
    check(ana)


def test_without_websocket_it_is_silent_but_listed_and_counted(ana: Any, heard: Heard) -> None:
    result = send_notification(ana, "stock_alert", "x", channels=["in_app"])
    assert sent(result).silent is True
    assert heard.told(ana) == [("created", 1, 1, [result["notification_id"]])]
    assert heard.steps(ana)[0].rows[0]["silent"] is True


@pytest.mark.parametrize("priority", ["low", "medium", "high", "critical"])
def test_the_four_priorities(ana: Any, priority: str) -> None:
    assert sent(send_notification(ana, "stock_alert", "x", priority=priority)).priority == priority


def test_without_a_priority_the_type_has_its_own(ana: Any, a_type: Any) -> None:
    a_type("fire", priority="critical")
    a_type("tea")
    assert sent(send_notification(ana, "fire", "x")).priority == "critical"
    assert sent(send_notification(ana, "tea", "x")).priority == "medium"


@pytest.mark.parametrize(
    "kind", ["stock_alert", "order_pending", "order_ready", "system_alert", "price_change", "inventory_low"]
)
def test_the_six_types_of_the_dashboard(ana: Any, kind: str) -> None:
    assert sent(send_notification(ana, kind, "x")).type == kind


def test_data_comes_back_as_it_went_in(ana: Any) -> None:
    data = {"sku": "A-7", "left": 3, "ratio": 0.5, "tags": ["a", None, True], "name": {"es": "Año", "emoji": "🥛"}}
    assert sent(send_notification(ana, "stock_alert", "x", data=data)).data == data


def test_text_is_kept_as_text_whatever_is_in_it(ana: Any) -> None:
    text = "<script>alert('🥛')</script> %s {0} \\u0000 \\ 'quoted' \"so\""
    row = sent(send_notification(ana, "stock_alert", text, text, data={"text": text}))
    assert (row.subject, row.message, row.data) == (text, text, {"text": text})


def test_lazy_translations_are_text(ana: Any) -> None:
    row = sent(send_notification(ana, "stock_alert", gettext_lazy("Unread"), gettext_lazy("Read")))
    assert (row.subject, row.message) == ("Unread", "Read")


def test_the_request_id_and_the_duration_are_in_the_log_line(ana: Any, caplog: Any) -> None:
    with caplog.at_level(logging.INFO, "notifications"):
        result = send_notification(ana, "stock_alert", "secret subject", "secret", request_id="request-7")
    (line,) = [record for record in caplog.records if record.message == "notification sent"]
    assert (line.request_id, line.user_id, line.notification_id) == (
        "request-7",
        str(ana.pk),
        result["notification_id"],
    )
    assert (line.type, line.duplicate) == ("stock_alert", False)
    assert 0 < line.seconds < 10
    assert "secret" not in str(line.__dict__)


async def test_the_async_twin_does_the_same(ana: Any) -> None:
    result = await asend_notification(ana.pk, "stock_alert", "x", priority="low", request_id="a")
    row = await Notification.objects.aget()
    assert (result["success"], result["notification_id"]) == (True, row.pk)
    assert (row.priority, row.seq) == ("low", 1)


def test_a_listener_that_fails_fails_neither_the_send_nor_another_listener(ana: Any) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("no layer today")

    heard: list[Any] = []

    def listen(changes: Any, **_: Any) -> None:
        heard.extend(changes)

    inbox_changed.connect(broken)
    inbox_changed.connect(listen)
    try:
        result = send_notification(ana, "stock_alert", "x")
        send_notifications([ana], "stock_alert", "x")
    finally:
        inbox_changed.disconnect(broken)
        inbox_changed.disconnect(listen)
    assert result["success"] is True
    assert len(heard) == 2
    check(ana)


@pytest.mark.parametrize(
    "layers",
    [
        {},
        {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [("::1", 1)]}}},
        {"default": {"BACKEND": "no.such.Layer"}},
    ],
    ids=["no layer", "Redis unreachable", "misspelt"],
)
def test_a_failing_channel_layer_never_fails_the_send(ana: Any, settings: Any, layers: Any) -> None:
    settings.CHANNEL_LAYERS = layers
    result = send_notification(ana, "stock_alert", "x")
    assert (result["success"], result["errors"]) == (True, [])
    assert result["channels_sent"] == ["in_app", "websocket"]
    check(ana)
