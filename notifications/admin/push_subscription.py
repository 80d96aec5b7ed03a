from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import PushSubscription
from .base import LookAndDeleteAdmin


@admin.register(PushSubscription)
class PushSubscriptionAdmin(LookAndDeleteAdmin):
    """Looked at and deleted. Address and keys are not shown: whoever has them can send to the browser."""

    list_display = ["device_name", "user", "service", "created_at", "last_sent_at"]
    list_select_related = ["user"]
    fields = ["user", "device", "service", "created_at", "last_sent_at"]
    readonly_fields = ["user", "device", "service", "created_at", "last_sent_at"]
    ordering = ["-pk"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["device", f"user__{get_user_model().USERNAME_FIELD}"]

    @admin.display(description=_("device"), ordering="device")
    def device_name(self, row: PushSubscription) -> Any:
        return row.device or _("Unknown device")

    @admin.display(description=_("push service"))
    def service(self, row: PushSubscription) -> str:
        return urlsplit(row.endpoint).hostname or ""
