"""One notification. Unknown ids, other people's, and what no id can be get the same 404."""

from __future__ import annotations

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ..inbox.services import Change, archive, delete, mark_read, mark_unread, unarchive
from .base import ApiView
from .parameters import flag
from .rows import NO_NOTIFICATION, one_item, parse_id


class NotificationView(ApiView):
    """``GET``: the notification. ``DELETE``: ``{"deleted_count": 1}``, and 404 from then on."""

    def get(self, request: Request, notification_id: str) -> Response:
        return Response(one_item(self.user_key, parse_id(notification_id), using=self.using))

    def delete(self, request: Request, notification_id: str) -> Response:
        _found(delete(self.user_key, [parse_id(notification_id)]))
        return Response({"deleted_count": 1})


class MarkAsReadView(ApiView):
    """``PUT ?read=true|false`` (default true): the notification as it is then."""

    def put(self, request: Request, notification_id: str) -> Response:
        change = mark_read if flag(request, "read", default=True) else mark_unread
        _found(change(self.user_key, [parse_id(notification_id)]))
        return Response(one_item(self.user_key, parse_id(notification_id), using=self.using))


class ArchiveView(ApiView):
    """``PUT ?archived=true|false`` (default true): the notification as it is then. Archived means read."""

    def put(self, request: Request, notification_id: str) -> Response:
        change = archive if flag(request, "archived", default=True) else unarchive
        _found(change(self.user_key, [parse_id(notification_id)]))
        return Response(one_item(self.user_key, parse_id(notification_id), using=self.using))


def _found(change: Change) -> None:
    if not change.ids:
        raise NotFound(NO_NOTIFICATION)
