from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from ..models import Mute
from .filters import TypeFilter


@admin.register(Mute)
class MuteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whoever muted something by mistake may ask for help: a mute can be deleted here, and nothing else."""

    list_display = ["user", "type", "target_text", "until"]
    list_filter = [TypeFilter]
    list_select_related = ["user"]
    raw_id_fields = ["user"]
    ordering = ["-pk"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["target_text", f"user__{get_user_model().USERNAME_FIELD}"]
