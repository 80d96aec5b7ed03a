"""Send one notification from a shell; it reaches open pages like any other."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from notifications.exceptions import NotificationError, UnknownRecipient
from notifications.inbox.database import parse_user_key, write_database
from notifications.inbox.services import send_notification


class Command(BaseCommand):
    help = "Send one notification to one person. Prints the result as one line of JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="primary key or user name of the recipient; a key is tried first")
        parser.add_argument("type", help="slug of a registered notification type")
        parser.add_argument("--subject", help="default: what the type's template says")
        parser.add_argument("--message", default="")
        parser.add_argument("--priority", help="low, medium, high or critical (default: the type's own)")
        parser.add_argument("--url", default="", help="a path on this site, or an https:// address")
        parser.add_argument("--data", metavar="JSON", help="an object for the client, such as '{\"order\": 17}'")
        parser.add_argument("--channels", metavar="A,B", help="delivery channels (default: the type's own)")
        parser.add_argument("--dedupe-key", metavar="KEY", help="the same key twice is one notification")

        parser.add_argument("--collapse-key", metavar="KEY", help="an unread one of the same type and key counts on")
        parser.add_argument("--send-at", metavar="TIME", help="such as 2030-01-31T08:00:00+01:00 (default: now)")
        parser.add_argument("--context", metavar="JSON", help="an object of the names that the type's templates use")

    def handle(self, *, user: str, type: str, message: str, **options: Any) -> None:  # noqa: A002
        try:
            result = send_notification(
                find_user(user),
                type,
                options["subject"],
                message,
                channels=_channels(options["channels"]),
                priority=options["priority"],
                data=_json("--data", options["data"]),
                context=_json("--context", options["context"]),
                collapse_key=options["collapse_key"],
                send_at=_moment(options["send_at"]),
                url=options["url"],
                dedupe_key=options["dedupe_key"],
            )
        except NotificationError as error:
            hint = {"subject": " Give --subject.", "context": " Give --subject, or --context."}.get(error.field, "")
            raise CommandError(f"{error}{hint if options['subject'] is None else ''}") from None
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


def _json(option: str, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(
            f"{option} is not JSON: {error}. Quote it for the shell: {option} '{{\"order\": 17}}'"
        ) from None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"--send-at {text!r} is no time such as 2030-01-31T08:00:00+01:00.")
    return moment
