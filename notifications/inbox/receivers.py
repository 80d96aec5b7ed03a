"""Rows that were written past the services (``save()``, the admin, fixtures, queryset methods) are numbered too."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models.signals import post_save

from ..models import Inbox, Notification
from ..signals import notifications_written
from .commit import number_after_commit


def _saved(instance: Notification, using: str, created: bool, raw: bool = False, **_: Any) -> None:
    loaded = raw and instance.seq is not None
    number_after_commit([instance.recipient_id], using=using, new=created and not raw, loaded=loaded)


def _inbox_saved(instance: Inbox, using: str, raw: bool = False, **_: Any) -> None:
    if raw:
        number_after_commit([instance.pk], using=using, loaded=True)


def _written(user_ids: Collection[Any], using: str, **_: Any) -> None:
    number_after_commit(user_ids, using=using)


def connect() -> None:
    """Called once, when Django starts."""
    post_save.connect(_saved, sender=Notification, dispatch_uid="notifications.saved")
    post_save.connect(_inbox_saved, sender=Inbox, dispatch_uid="notifications.inbox_saved")
    notifications_written.connect(_written, sender=Notification, dispatch_uid="notifications.written")
