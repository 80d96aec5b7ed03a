"""What a person does not want to be told of for a while."""

from __future__ import annotations

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _


class Mute(models.Model):
    """Nothing of a type, or about a target, goes out until a time. All is in the list as ever.

    Either ``type`` or ``target_type`` and ``target_id``; ``until`` is empty for "until I say otherwise".
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_mutes")
    type = models.CharField(_("type"), max_length=100, blank=True, default="")
    target_type = models.ForeignKey(ContentType, models.CASCADE, null=True, blank=True, related_name="+")
    target_id = models.CharField(max_length=255, blank=True, default="")
    target_text = models.CharField(_("target"), max_length=255, blank=True, default="")
    until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        db_table = "ntf_mute"
        verbose_name = _("mute")
        verbose_name_plural = _("mutes")

    def __str__(self) -> str:
        return self.type or self.target_text or f"{self.target_type_id}:{self.target_id}"
