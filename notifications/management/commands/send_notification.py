"""Send one notification from a shell; it reaches open pages like any other."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from notifications.exceptions import NotificationError, UnknownRecipient
from notifications.inbox.database import parse_user_key, write_database
from notifications.inbox.services import send_notification


class Command(BaseCommand):
    help = "Send one notification to one person. Prints the result as one line of JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="primary key or user name of the recipient; a key is tried first")
        parser.add_argument("type", help="slug of a registered notification type")
        parser.add_argument("--subject", required=True)
        parser.add_argument("--message", default="")
        parser.add_argument("--priority", help="low, medium, high or critical (default: the type's own)")
        parser.add_argument("--url", default="", help="a path on this site, or an https:// address")
        parser.add_argument("--data", metavar="JSON", help="an object for the client, such as '{\"order\": 17}'")
        parser.add_argument("--channels", metavar="A,B", help="delivery channels (default: in_app,websocket)")
        parser.add_argument("--dedupe-key", metavar="KEY", help="the same key twice is one notification")

    def handle(self, *, user: str, type: str, subject: str, message: str, **options: Any) -> None:  # noqa: A002
        try:
            result = send_notification(
                find_user(user),
                type,
                subject,
                message,
                channels=_channels(options["channels"]),
                priority=options["priority"],
                data=_data(options["data"]),
                url=options["url"],
                dedupe_key=options["dedupe_key"],
            )
        except NotificationError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(result))


def find_user(text: str) -> Any:
    """The user with this primary key or, failing that, with this name.

    Raises:
        CommandError: there is neither.
    """
    model = get_user_model()
    users = model._default_manager.using(write_database())
    try:
        found = users.filter(pk=parse_user_key(text)).first()
    except UnknownRecipient:
        found = None
    # NUL is no name, and PostgreSQL refuses to look for one.
    if found is None and "\0" not in text:
        found = users.filter(**{model.USERNAME_FIELD: text}).first()
    if found is None:
        raise CommandError(f"There is no user with the key or the name {text[:100]!r}.")
    return found


def _channels(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _data(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(f"--data is not JSON: {error}. Quote it for the shell: --data '{{\"order\": 17}}'") from None
