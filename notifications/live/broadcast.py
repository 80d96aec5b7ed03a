"""After a commit: tell the sockets of this process, and the other processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..inbox.events import BulkInsert, InboxChange
from ..signals import inbox_changed
from . import hints
from .manager import local_managers
from .membership import shared_layer
from .publisher import publisher


def _changed(changes: Sequence[InboxChange | BulkInsert], **_: Any) -> None:
    managers = local_managers()
    layer = shared_layer()
    if not managers and layer is None:
        return  # a command in another shell, without Redis: the servers' reconcilers will see it
    for change in changes:
        hint = hints.bulk(change) if isinstance(change, BulkInsert) else hints.single(change)
        for manager in managers:
            manager.receive_from_any_thread(hint)
        if layer is not None:
            publisher.submit(hint)


def connect() -> None:
    """Called once, when Django starts."""
    inbox_changed.connect(_changed, dispatch_uid="notifications.broadcast")
