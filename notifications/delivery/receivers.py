"""Where delivery listens to the inbox."""

from __future__ import annotations

from ..signals import delivery_wanted
from .outbox import write


def connect() -> None:
    """Called once, when Django starts."""
    delivery_wanted.connect(write, dispatch_uid="notifications.delivery")
