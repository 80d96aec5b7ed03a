"""A send to many, kept until each of them has it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .content import Content
from .indexes import PartialIndex, PartialIndexes


class Batch(Content):
    """The content once, and the people in chunks. A crash loses nothing: chunks not expanded are taken up again."""

    # Beside in_app and websocket.
    channels = models.JSONField(_("delivery channels"), default=list, blank=True)
    # Language to subject, message and url, where they are the type's own.
    translations = models.JSONField(default=dict, blank=True, editable=False)
    due_at = models.DateTimeField(_("to be sent at"), null=True, blank=True)
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        db_table = "ntf_batch"
        verbose_name = _("send to many")
        verbose_name_plural = _("sends to many")


class BatchChunk(PartialIndexes):
    """Up to ``NOTIFICATIONS["CHUNK_SIZE"]`` primary keys of users, expanded in one transaction, exactly once."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="chunks")
    user_ids = models.JSONField()
    language = models.CharField(max_length=20, blank=True, default="")  # of all of them; empty is the batch's own
    size = models.PositiveIntegerField()
    created = models.PositiveIntegerField(default=0)
    expanded_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # the batch's, until that has come

    class Meta:
        db_table = "ntf_batch_chunk"
        indexes = [
            PartialIndex(
                fields=["id"],
                condition=models.Q(expanded_at__isnull=True, due_at__isnull=True),
                name="ntf_batch_chunk_waiting",
            ),
            PartialIndex(
                fields=["due_at"],
                condition=models.Q(expanded_at__isnull=True, due_at__isnull=False),
                name="ntf_batch_chunk_due",
            ),
        ]

    def __str__(self) -> str:
        return f"chunk {self.pk} of batch {self.batch_id}"
