"""Why a notification reached the person by each delivery channel, or did not."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ..delivery.explain import Explanation, explain, for_recipient
from ..live.protocol import iso
from ..models import Notification
from .base import ApiView
from .permissions import IsOperator
from .rows import NO_NOTIFICATION, parse_id


class DeliveriesView(ApiView):
    """``GET``: each delivery channel with its decision, the reason, attempts, times and the provider's answer.

    ``text`` is in the language of the request. What a provider said is for operators; others get what is for them.
    """

    def get(self, request: Request, notification_id: str) -> Response:
        number = parse_id(notification_id)
        own = Notification.objects.using(self.using).visible().filter(recipient_id=self.user_key)
        notification = own.filter(pk=number).first()
        if notification is None:
            raise NotFound(NO_NOTIFICATION)
        explained = explain(notification)
        if not IsOperator().has_permission(request, self):
            explained = for_recipient(explained)
        return Response({"notification_id": number, "deliveries": [shown(each) for each in explained]})


def shown(explanation: Explanation) -> dict[str, Any]:
    """As JSON can hold it. The id of the row is for who runs the site."""
    fields = {name: value for name, value in asdict(explanation).items() if name != "delivery_id"}
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in fields.items()}
