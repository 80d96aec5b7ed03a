from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from ..models import Inbox
from .base import ReadOnlyAdmin


@admin.register(Inbox)
class InboxAdmin(ReadOnlyAdmin):
    list_display = ["user", "unread_count", "last_rev", "seen_seq", "horizon_rev"]
    list_select_related = ["user"]
    ordering = ["pk"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [f"user__{get_user_model().USERNAME_FIELD}"]
