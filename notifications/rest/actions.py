"""Everything a person does with notifications, at one address: what an open page sends, from whichever tab."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ..conf import conf
from ..inbox.services import (
    Change,
    archive,
    delete,
    mark_all_read,
    mark_read,
    mark_seen,
    mark_unread,
    unarchive,
)
from .base import ApiView
from .parameters import as_whole_number, body, invalid, up_to_seq
from .rows import state_of, summary

BY_IDS: dict[str, Callable[[Any, Collection[int]], Change]] = {
    "mark_read": mark_read,
    "mark_unread": mark_unread,
    "archive": archive,
    "unarchive": unarchive,
    "delete": delete,
}
ALL_READ = "mark_all_read"
SEEN = "mark_seen"
ACTIONS = (*BY_IDS, ALL_READ, SEEN)


class ActionsView(ApiView):
    """``POST {"action", "notification_ids": […]}``, or with ``up_to_seq`` for ``mark_all_read`` and ``mark_seen``.

    Answers ``{action, changed, notification_ids, epoch, rev, seen_seq, unread_count}``: of the ids, those that are
    the user's own, and how many notifications were not already so. Ids that are unknown or belong to others are
    ignored, so nobody can probe for them. The actions up to a place name no ids, as there may be any number.

    Every action is idempotent: a page that does not know whether it was heard says it again.
    """

    def post(self, request: Request) -> Response:
        action = body(request).get("action")
        if not isinstance(action, str) or action not in ACTIONS:
            raise invalid("action", f"action must be one of {', '.join(ACTIONS)}.")
        change = self._carry_out(action, request)
        state = state_of(self.user_key, using=self.using)
        done = {"action": action, "changed": change.changed, "notification_ids": change.ids}
        return Response({**done, **summary(state)})

    def _carry_out(self, action: str, request: Request) -> Change:
        if action == SEEN:
            mark_seen(self.user_key, up_to_seq(request))
            return Change([], 0)
        if action == ALL_READ:
            change = mark_all_read(self.user_key, up_to_seq(request) if "up_to_seq" in body(request) else None)
            return Change([], change.changed)
        return BY_IDS[action](self.user_key, _notification_ids(request))


def _notification_ids(request: Request) -> list[int]:
    given = body(request).get("notification_ids")
    if not isinstance(given, list):
        raise invalid("notification_ids", "notification_ids must be a list of whole numbers.")
    if len(given) > conf.MAX_IDS:
        raise invalid("notification_ids", f"{len(given)} ids at once, and {conf.MAX_IDS} is the most.")
    numbers = [number for value in given if (number := as_whole_number(value)) is not None]
    if len(numbers) < len(given):
        raise invalid("notification_ids", "notification_ids must hold whole numbers only.")
    return numbers
