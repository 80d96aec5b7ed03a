"""The outbox: one row per notification and delivery channel, with what was decided and why."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .indexes import PartialIndex, PartialIndexes
from .notification import Notification


class Status(models.TextChoices):
    QUEUED = "queued", pgettext_lazy("delivery", "Waiting")
    SENT = "sent", pgettext_lazy("delivery", "Sent")
    SKIPPED = "skipped", pgettext_lazy("delivery", "Not sent")
    FAILED = "failed", pgettext_lazy("delivery", "Failed")


class Reason(models.TextChoices):
    """Why it is as it is. The first group keeps it waiting, the second is final."""

    QUIET_HOURS = "quiet_hours", _("Quiet hours")
    DIGEST = "digest", _("Comes together with others")
    ESCALATION = "escalation", _("Only if it is not read by then")
    RATE_LIMIT = "rate_limit", _("Too many in a short time")
    RETRY = "retry", _("The last attempt failed")

    PREFERENCE = "preference", _("Switched off in the preferences")
    TYPE_OFF = "type_off", _("This kind is switched off in the preferences")
    MUTED = "muted", _("Muted")
    PAUSED = "paused", _("Everything is paused")
    PRIORITY = "priority", _("Not urgent enough for the preferences")
    NO_ADDRESS = "no_address", _("No address")
    EXPIRED = "expired", _("Expired before it could be sent")
    READ = "read", _("Read already")
    ONLINE = "online", _("Seen online")
    DELETED = "deleted", _("Deleted before it could be sent")
    DUPLICATE = "duplicate", _("Sent already")
    NOT_CONFIGURED = "not_configured", _("This site has no such delivery channel any more")
    REFUSED = "refused", _("Refused for good")
    GAVE_UP = "gave_up", _("Tried too often")


class Delivery(PartialIndexes):
    """What is to be, was, or was not sent to one person on one delivery channel.

    Waiting rows have a ``due_at``. Whoever claims one moves its ``due_at`` on, by as long as the claim holds, so what
    a worker that died had claimed becomes due again by itself.

    Rows that wait for a digest are tied to the row that carries it, which has no notification of its own.

    The database checks neither foreign key: rows are written in the transaction that wrote the notification, a hundred
    thousand at once, and the checks would cost more than the rest. Retention removes what is left over.
    """

    notification = models.ForeignKey(
        Notification,
        models.CASCADE,
        null=True,
        db_constraint=False,
        db_index=False,  # the constraint's begins with it
        related_name="deliveries",
        verbose_name=_("notification"),
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_constraint=False,
        db_index=False,  # an index below begins with it
        related_name="notification_deliveries",
        verbose_name=_("recipient"),
    )
    channel = models.CharField(_("delivery channel"), max_length=50)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices, blank=True, default="")
    due_at = models.DateTimeField(_("due"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claim = models.UUIDField(null=True, editable=False)
    begun_at = models.DateTimeField(null=True, editable=False)  # of the attempt of which nobody has said how it ended
    digest = models.ForeignKey(
        "self", models.SET_NULL, null=True, db_constraint=False, db_index=False, related_name="members"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    answer = models.TextField(_("the provider's answer"), blank=True, default="")

    class Meta:
        db_table = "ntf_delivery"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["notification", "channel"], name="ntf_delivery_once")]
        indexes = [
            # By channel first: what waits for one that does not work is no wall before the others.
            PartialIndex(fields=["channel", "due_at"], condition=Q(status="queued"), name="ntf_delivery_due"),
            PartialIndex(fields=["due_at"], condition=Q(status="queued", reason="digest"), name="ntf_delivery_gather"),
            # Also for how many a person had of late, and for the rows that go with a person.
            models.Index(fields=["recipient", "channel", "finished_at"], name="ntf_delivery_recipient"),
            PartialIndex(fields=["digest"], condition=Q(digest__isnull=False), name="ntf_delivery_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.get_status_display()}"


class ChannelState(models.Model):
    """What the workers of all machines agree on about one delivery channel: whether it works, and how fast it may go.

    After several failures in a row nothing is tried until ``open_until``; then one attempt decides. A provider that
    refuses one person after another has failed, too.
    """

    channel = models.CharField(_("delivery channel"), max_length=50, primary_key=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    # Whom the provider refused since it last took a message; a few keys, as text.
    refused = models.JSONField(default=list, editable=False)
    open_until = models.DateTimeField(_("not tried until"), null=True)
    next_at = models.DateTimeField(null=True, editable=False)  # of the rate limit: when the next one may go
    last_error = models.TextField(_("last error"), blank=True, default="")
    last_failed_at = models.DateTimeField(_("last failure"), null=True)
    last_sent_at = models.DateTimeField(_("last success"), null=True)

    class Meta:
        db_table = "ntf_channel_state"
        verbose_name = _("delivery channel")
        verbose_name_plural = _("delivery channels")

    def __str__(self) -> str:
        return self.channel


class TaskState(models.Model):
    """What the site's task backend was asked for last: one row, so that all processes ask for it once."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last_at = models.DateTimeField(null=True)  # when a task was asked for that begins at once
    next_at = models.DateTimeField(null=True)  # when the one begins that was asked for later

    class Meta:
        db_table = "ntf_task_state"
        default_permissions = ()

    def __str__(self) -> str:
        return f"next task: {self.next_at}"
