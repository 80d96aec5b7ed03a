"""The step after every restore of the database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from notifications.inbox.retention import new_epoch

from .send_notification import find_user


class Command(BaseCommand):
    help = (
        "Tell every client that what it remembers is void. Run it after every restore: a restored database gives "
        "revisions out a second time, and clients that heard the first ones would miss the second."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", help="primary key or user name: only this person's inbox")

    def handle(self, *, user: str | None, **_: Any) -> None:
        count = new_epoch(None if user is None else [find_user(user).pk])
        self.stdout.write(f"{count} {'inbox' if count == 1 else 'inboxes'} began a new epoch.")
