"""Who may do what here."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ..exceptions import UnknownRecipient
from ..inbox.database import parse_user_key
from .authentication import acting_user, authenticated_by_key, authenticated_by_service_key
from .parameters import invalid


class ActsForOneUser(BasePermission):
    """The request is about its own user's inbox, or, with the service key, about the inbox of ``user_id``."""

    def has_permission(self, request: Request, view: Any) -> bool:
        own = acting_user(request)
        if own is None:
            if authenticated_by_service_key(request):
                raise invalid("user_id", "The service key acts for anybody: name the user with ?user_id=….")
            return False
        asked = request.query_params.get("user_id")
        if asked and not _is_same(asked, own):
            raise PermissionDenied("user_id names somebody else. Leave it out.")
        return True


class IsKnown(BasePermission):
    """Any user, and the service key, for whomever it acts."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return acting_user(request) is not None or authenticated_by_service_key(request)


class MaySend(BasePermission):
    """The service key, or a user whom the admin allows to add notifications."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if authenticated_by_service_key(request):
            return True
        has_perm = getattr(request.user, "has_perm", None)  # None: nobody, or a model without permissions
        return has_perm is not None and bool(has_perm("notifications.add_notification"))


class IsOperator(BasePermission):
    """The service key or a member of staff; a key of theirs, which may lie in some script, is not enough."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if authenticated_by_key(request):
            return authenticated_by_service_key(request)
        return acting_user(request) is not None and bool(getattr(request.user, "is_staff", False))


def _is_same(asked: str, own: Any) -> bool:
    try:
        return bool(parse_user_key(asked) == parse_user_key(own))
    except UnknownRecipient:
        return False
