from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    label = "notifications"
    verbose_name = _("Notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, types  # noqa: F401 - checks register themselves
        from .inbox import receivers
        from .live import broadcast
        from .observability.client_errors import install_one_line
        from .observability.logs import install_redaction

        types.discover()
        receivers.connect()
        broadcast.connect()
        install_redaction()
        install_one_line()
