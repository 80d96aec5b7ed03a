"""Retention by hand or from cron; running server processes expire by themselves, but never purge."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Q
from django.utils import timezone

from notifications.conf import conf
from notifications.inbox.database import write_database
from notifications.inbox.retention import expire, purge
from notifications.models import Notification


class Command(BaseCommand):
    help = (
        "Delete what has expired or is older than NOTIFICATIONS['RETENTION_DAYS'], as its owner would, "
        "and remove deletions for good that are older than NOTIFICATIONS['TOMBSTONE_DAYS']."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        if dry_run:
            self.stdout.write(f"Would expire {_expirable()} and purge {_purgeable()}.")
            return
        # What expires now stays as a tombstone first, so the order does not matter to anyone who is away.
        expired = expire()
        self.stdout.write(f"Expired {expired}, purged {purge()}.")


def _expirable() -> int:
    now = timezone.now()
    due = Q(expires_at__lte=now)
    if conf.RETENTION_DAYS is not None:
        due |= Q(created_at__lt=now - timedelta(days=conf.RETENTION_DAYS))
    return Notification.objects.using(write_database()).filter(due, deleted_at=None).count()


def _purgeable() -> int:
    before = timezone.now() - timedelta(days=conf.TOMBSTONE_DAYS)
    return Notification.objects.using(write_database()).filter(deleted_at__lt=before, pending=False).count()
