"""Who has a page open, as far as other processes can know it."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Presence(models.Model):
    """Written by server processes for the people connected to them, every so often, and only if somebody asks for it.

    Who is gone is online no more when ``online_until`` has passed: a process that dies says nothing.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_presence"
    )
    online_until = models.DateTimeField()

    class Meta:
        db_table = "ntf_presence"

    def __str__(self) -> str:
        return f"{self.pk}: until {self.online_until}"
