"""Retention by hand or from cron; running server processes expire by themselves, but never purge."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from notifications.inbox.database import write_database
from notifications.inbox.retention import expire, expired, purge, purgeable, purgeable_batches


class Command(BaseCommand):
    help = (
        "Delete what has expired or is older than NOTIFICATIONS['RETENTION_DAYS'], as its owner would, "
        "and remove deletions and finished sends to many for good that are older than NOTIFICATIONS['TOMBSTONE_DAYS'], "
        "with their deliveries."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        if dry_run:
            using = write_database()
            old = purgeable(using=using).count() + purgeable_batches(using=using).count()
            self.stdout.write(f"Would expire {expired(using=using).count()} and purge {old}.")
            return
        # What expires now stays as a tombstone first, so the order does not matter to anyone who is away.
        count = expire()
        self.stdout.write(f"Expired {count}, purged {purge()}.")
