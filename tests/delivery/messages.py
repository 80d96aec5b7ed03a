"""Messages as the worker hands them to a channel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notifications.delivery.base import Message
from notifications.models import Notification

MORNING = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)


def notification(pk: int = 7, **fields: Any) -> Notification:
    content = {
        "type": "stock_alert",
        "subject": "Sold out",
        "message": "Stoneware mugs",
        "priority": "high",
        "url": "/stock/7/",
        "data": {"left": 0},
        "created_at": MORNING,
    }
    return Notification(pk=pk, **{**content, **fields})


def message(*notifications: Notification, **fields: Any) -> Message:
    content: dict[str, Any] = {
        "key": "delivery-0123456789abcdef",
        "recipient": 3,
        "language": "en",
        "subject": "Sold out",
        "body": "Stoneware mugs",
        "url": "https://shop.example.org/stock/7/",
        "priority": "high",
    }
    return Message(notifications=notifications or (notification(),), **{**content, **fields})
