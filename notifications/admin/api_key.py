from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..auth.keys import issue, revoke
from ..models import ApiKey
from .base import ReadOnlyAdmin


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """A key can be issued and revoked, and nothing else: its hash is never shown, the key itself once."""

    list_display = ["name", "user", "prefix", "created_at", "revoked_at"]
    list_select_related = ["user"]
    fields = ["user", "name", "prefix", "created_at", "revoked_at"]
    raw_id_fields = ["user"]
    ordering = ["-pk"]
    actions = ["revoke_keys"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("notifications.add_apikey"))

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("notifications.change_apikey"))

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.fields if obj else ["user", "name"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["name", "prefix", f"user__{get_user_model().USERNAME_FIELD}"]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        row, text = issue(obj.user, obj.name)
        # The admin goes on with its own instance: the log entry and the redirect need the key of the row.
        obj.pk, obj.prefix, obj.created_at = row.pk, row.prefix, row.created_at
        obj._state.adding = False
        shown_once = _("The key, shown this once and never again: %s") % text
        self.message_user(request, shown_once, messages.WARNING)

    @admin.action(description=_("Revoke: the keys stop working for good"), permissions=["revoke"])
    def revoke_keys(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        chosen = list(queryset.filter(revoked_at=None))
        for key in chosen:
            revoke(key)
            self.log_change(request, key, "Revoked.")
        text = ngettext("%d key was revoked.", "%d keys were revoked.", len(chosen)) % len(chosen)
        self.message_user(request, text, messages.SUCCESS if chosen else messages.WARNING)
