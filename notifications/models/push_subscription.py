"""A browser that asked to be told also when no page of the site is open."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PushSubscription(models.Model):
    """What the browser's push service gave it (W3C Push API): where to send, and the keys to encrypt for it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_push_subscriptions", verbose_name=_("user")
    )
    endpoint = models.CharField(_("endpoint"), max_length=2000)
    endpoint_hash = models.CharField(max_length=64, unique=True, editable=False)  # MySQL indexes no text this long
    p256dh = models.CharField(max_length=200)
    auth = models.CharField(max_length=100)
    device = models.CharField(_("device"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    last_sent_at = models.DateTimeField(_("last success"), null=True)
    # Of the messages sent of late: several may be tried again by turns, for other browsers.
    recent_keys = models.CharField(max_length=1_000, blank=True, default="", editable=False)

    class Meta:
        db_table = "ntf_push_subscription"
        verbose_name = _("push subscription")
        verbose_name_plural = _("push subscriptions")

    def __str__(self) -> str:
        return self.device or (urlsplit(self.endpoint).hostname or "")
