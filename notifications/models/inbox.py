"""One row per user: where their stream stands."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Inbox(models.Model):
    """The state that every open page of one user agrees on.

    Whoever holds this row's lock may number; nobody else changes it. If revision *n* is visible, all below are.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_inbox"
    )
    last_rev = models.BigIntegerField(_("last revision"), default=0, db_default=0)
    unread_count = models.IntegerField(_("unread"), default=0, db_default=0)
    seen_seq = models.BigIntegerField(_("seen up to"), default=0, db_default=0)
    horizon_rev = models.BigIntegerField(
        _("horizon"), default=0, db_default=0, help_text=_("Changes up to here may have been purged.")
    )
    epoch = models.UUIDField(
        _("epoch"), default=uuid.uuid4, help_text=_("Revisions of different epochs cannot be compared.")
    )

    class Meta:
        db_table = "ntf_inbox"
        verbose_name = _("inbox")
        verbose_name_plural = _("inboxes")

    def __str__(self) -> str:
        return f"{self.pk}: revision {self.last_rev}, {self.unread_count} unread"
