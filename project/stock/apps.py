from __future__ import annotations

from django.apps import AppConfig


class StockConfig(AppConfig):
    name = "project.stock"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import receivers

        receivers.connect()
