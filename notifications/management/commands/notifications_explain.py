"""Why somebody got a notification, or did not, answered in a shell."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from notifications.delivery.explain import Explanation, explain_all
from notifications.delivery.reasons import moment_in_words
from notifications.inbox.database import write_database
from notifications.models import Notification, Status

from .send_notification import find_user

OVERDUE = timedelta(minutes=5)  # after which it looks as if nobody delivered


class Command(BaseCommand):
    help = (
        "Say for each delivery channel whether a notification went out, and why or why not: of one notification by its "
        "id, deleted ones too, or of the last ones of a person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", nargs="?", type=int, help="of a notification, as the admin and the API show it")
        parser.add_argument("--user", help="primary key or user name: this person's last notifications instead")
        parser.add_argument("--last", type=int, default=10, metavar="N", help="how many of them (default: 10)")
        parser.add_argument("--json", action="store_true", help="one JSON document, for programs")

    def handle(self, *, id: int | None, user: str | None, last: int, **options: Any) -> None:  # noqa: A002
        if (id is None) == (user is None):
            raise CommandError("Name either the id of a notification, or a person: --user NAME.")
        found = [_one(id)] if id is not None else _last_of(str(user), last)
        explained = explain_all(found)
        if options["json"]:
            document = [_document(each, explained[each.pk]) for each in found]
            self.stdout.write(json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
            return
        if not found:
            self.stdout.write("There is no notification for this person.")
        for each in found:
            self.stdout.write("\n".join(_lines(each, explained[each.pk])))


def _one(number: int) -> Notification:
    rows = Notification.objects.using(write_database()).select_related("recipient")
    found = rows.filter(pk=number).first()
    if found is None:
        raise CommandError(
            f"There is no notification {number}. It was never sent, or it was deleted and is purged since. "
            "--user NAME lists those that a person has."
        )
    return found


def _last_of(user: str, count: int) -> list[Notification]:
    if count < 1:
        raise CommandError(f"--last must be 1 or more; got {count}.")
    rows = Notification.objects.using(write_database()).select_related("recipient")
    return list(rows.filter(recipient=find_user(user)).order_by("-pk")[:count])


def _document(notification: Notification, explanations: list[Explanation]) -> dict[str, Any]:
    return {
        "notification_id": notification.pk,
        "recipient": str(notification.recipient_id),
        "type": notification.type,
        "subject": notification.subject,
        "priority": notification.priority,
        "created_at": notification.created_at,
        "deleted_at": notification.deleted_at,
        "deliveries": [asdict(each) for each in explanations],
    }


def _lines(notification: Notification, explanations: list[Explanation]) -> Iterator[str]:
    subject = notification.subject or "(deleted)"
    facts = f"{notification.type}, {notification.priority}, {moment_in_words(notification.created_at)}"
    yield f"{notification.pk}: {subject} ({facts}) to {notification.recipient}"
    width = max(len(each.channel) for each in explanations)
    for each in explanations:
        yield f"  {each.channel:{width}}  {each.status:7}  {each.text}{_more(each)}"
    if any(map(_is_overdue, explanations)):
        yield "  What is due was not sent: is manage.py notifications_worker running, or the site's task worker?"


def _more(explanation: Explanation) -> str:
    attempts = f" Attempts: {explanation.attempts}." if explanation.attempts else ""
    answer = f" Answer: {' '.join(explanation.answer.split())}" if explanation.answer else ""
    return attempts + answer


def _is_overdue(explanation: Explanation) -> bool:
    due_at = explanation.due_at
    return explanation.status == Status.QUEUED and due_at is not None and due_at < timezone.now() - OVERDUE
