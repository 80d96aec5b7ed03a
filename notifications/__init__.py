"""A durable, live notification inbox for Django sites."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inbox.batches import asend_notifications as asend_notifications
    from .inbox.batches import cancel_batch as cancel_batch
    from .inbox.batches import send_notifications as send_notifications
    from .inbox.services import asend_notification as asend_notification
    from .inbox.services import send_notification as send_notification
    from .live.manager import get_websocket_manager as get_websocket_manager
    from .types import Collapse as Collapse
    from .types import NotificationType as NotificationType
    from .types import Priority as Priority
    from .types import register as register

__version__ = "0.1.0"

# Resolved on first use: importing the package must not import models before Django's apps are ready.
_PUBLIC = {
    "send_notification": ".inbox.services",
    "asend_notification": ".inbox.services",
    "send_notifications": ".inbox.batches",
    "asend_notifications": ".inbox.batches",
    "get_websocket_manager": ".live.manager",
    "cancel_batch": ".inbox.batches",
    "Collapse": ".types",
    "NotificationType": ".types",
    "Priority": ".types",
    "register": ".types",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
