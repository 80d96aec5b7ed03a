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
        from .delivery import devices, enqueue, metrics, task_checks  # noqa: F401 - two of them register themselves
        from .delivery import receivers as delivery
        from .inbox import receivers
        from .live import broadcast
        from .observability.client_errors import install_one_line
        from .observability.logs import install_redaction

        types.discover()
        receivers.connect()
        broadcast.connect()
        delivery.connect()
        enqueue.connect()
        devices.connect()
        install_redaction()
        install_one_line()
