"""What a notification says, shared by a notification and by a batch that will become many."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..links import is_safe_link, safe_link
from ..types import Priority
from .fields import ExactCharField


def validate_link(value: str) -> None:
    """Accept what :func:`notifications.links.is_safe_link` does."""
    if not is_safe_link(value):
        raise ValidationError(
            _("A link must begin with '/' (a page of this site) or with 'https://'."), code="invalid_link"
        )


class Content(models.Model):
    """Text is text: subject and message are never rendered as HTML.

    ``actor`` (who did it) and ``target`` (what it is about) point anywhere or nowhere. Their text and URL are
    copied when the notification is sent, so it stays readable after they are gone and a list never loads them.
    All but type and subject have a default in the database too, so that a plain INSERT is a whole notification.
    """

    type = models.CharField(_("type"), max_length=100)
    subject = models.CharField(_("subject"), max_length=255)
    message = models.TextField(_("message"), blank=True, default="", db_default="")
    priority = models.CharField(
        _("priority"),
        max_length=10,
        choices=Priority.choices,
        default=Priority.MEDIUM,
        db_default=Priority.MEDIUM.value,
    )
    url = models.CharField(
        _("link"), max_length=2000, blank=True, default="", db_default="", validators=[validate_link]
    )
    data = models.JSONField(_("data"), default=dict, db_default={}, blank=True, encoder=DjangoJSONEncoder)
    silent = models.BooleanField(
        _("silent"),
        default=False,
        db_default=False,
        help_text=_("Listed and counted, but nothing pops up."),
    )

    actor_type = models.ForeignKey(
        ContentType, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+"
    )
    actor_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    actor = GenericForeignKey("actor_type", "actor_id")
    actor_text = models.CharField(_("actor"), max_length=255, blank=True, default="", db_default="")
    actor_url = models.CharField(max_length=2000, blank=True, default="", db_default="")

    target_type = models.ForeignKey(
        ContentType, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+"
    )
    target_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    target = GenericForeignKey("target_type", "target_id")
    target_text = models.CharField(_("target"), max_length=255, blank=True, default="", db_default="")
    target_url = models.CharField(max_length=2000, blank=True, default="", db_default="")

    # NULL is what a unique index ignores; '' would be one key for all.
    dedupe_key = ExactCharField(
        _("de-duplication key"),
        max_length=200,
        null=True,
        blank=True,
        default=None,
        help_text=_("A second send with the same key to the same person is not sent again."),
    )
    collapse_key = ExactCharField(
        max_length=200,
        null=True,
        blank=True,
        default=None,
        help_text=_("A second send with the same key makes the first one's row count on, as long as it is unread."),
    )
    count = models.PositiveIntegerField(_("count"), default=1, db_default=1)
    created_at = models.DateTimeField(_("created"), default=timezone.now, db_default=Now())
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.subject

    @property
    def link(self) -> str:
        """``url`` as pages may use it: ``create()`` and raw SQL pass every validator by."""
        return safe_link(self.url)
