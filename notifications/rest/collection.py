"""All of a user's notifications: list them by page or from a place on, or delete them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from ..inbox.services import delete_all
from ..types import Priority
from .base import ApiView
from .parameters import LARGEST, choice, flag, whole_number, word
from .rows import item, own_rows, state_of, summary

STATUS = {"all": Q(), "unread": Q(read_at__isnull=True), "read": Q(read_at__isnull=False)}
MAX_PER_PAGE = 100


class NotificationsView(ApiView):
    """``GET ?status=all|unread|read&page=1&per_page=20``: newest first, with ``pagination``.

    A page after the last is empty. ``?before=<seq>`` instead of ``page`` goes on below that place without counting, so
    nothing is shown twice or left out while new ones arrive; ``next_before`` is the next such place, or null. An empty
    ``before`` begins at the top. Further filters: ``archived`` (default false), ``type``, ``priority``.

    ``epoch``, ``rev``, ``seen_seq`` and ``unread_count`` are read before the rows: whoever goes on from
    that ``rev`` may hear of a row again, and misses none. All in three queries at most, whoever the
    actors and targets are.

    ``DELETE`` deletes everything, archived or not, and answers ``deleted_count``.
    """

    def get(self, request: Request) -> Response:
        per_page = whole_number(request, "per_page", default=20, lowest=1, highest=MAX_PER_PAGE)
        wanted = _filters(request)
        if "before" in request.query_params:
            before = whole_number(request, "before", default=LARGEST)
            state = state_of(self.user_key, using=self.using)
            page = self._below(wanted & Q(seq__lt=before), per_page)
        else:
            number = whole_number(request, "page", default=1, lowest=1)
            state = state_of(self.user_key, using=self.using)
            page = self._numbered(wanted, number, per_page)
        return Response({**page, **summary(state)})

    def delete(self, request: Request) -> Response:
        return Response({"deleted_count": delete_all(self.user_key).changed})

    def _below(self, wanted: Q, per_page: int) -> dict[str, Any]:
        rows = list(own_rows(self.user_key, using=self.using).filter(wanted).order_by("-seq")[: per_page + 1])
        shown = rows[:per_page]
        return {
            "notifications": [item(row) for row in shown],
            "next_before": shown[-1]["seq"] if len(rows) > per_page else None,
        }

    def _numbered(self, wanted: Q, number: int, per_page: int) -> dict[str, Any]:
        chosen = own_rows(self.user_key, using=self.using).filter(wanted)
        total, first = chosen.count(), (number - 1) * per_page
        # Not asked for beyond the end: an offset over 64 bits is an error in every database.
        rows = chosen.order_by("-seq")[first : first + per_page] if first < total else ()
        return {
            "notifications": [item(row) for row in rows],
            "pagination": {
                "current_page": number,
                "total_pages": -(-total // per_page),
                "total_items": total,
                "per_page": per_page,
            },
        }


def _filters(request: Request) -> Q:
    wanted = STATUS[choice(request, "status", list(STATUS))]
    wanted &= Q(archived_at__isnull=not flag(request, "archived", default=False))
    if kind := word(request, "type"):
        wanted &= Q(type=kind)
    if priority := word(request, "priority"):
        wanted &= Q(priority=Priority.parse(priority))
    return wanted
