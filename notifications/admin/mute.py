from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from ..models import Mute
from .base import LookAndDeleteAdmin
from .filters import TypeFilter


@admin.register(Mute)
class MuteAdmin(LookAndDeleteAdmin):
    """Whoever muted something by mistake may ask for help: a mute can be deleted here, and nothing else."""

    list_display = ["user", "type", "target_text", "until"]
    list_filter = [TypeFilter]
    list_select_related = ["user"]
    raw_id_fields = ["user"]
    ordering = ["-pk"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["target_text", f"user__{get_user_model().USERNAME_FIELD}"]
