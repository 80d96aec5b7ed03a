"""The log: one row per notification and person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntFlag
from typing import Any

from django.conf import settings
from django.db import models, router, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..signals import notifications_written
from .content import Content
from .indexes import PartialIndex, PartialIndexes


class Changed(IntFlag):
    """What happened to a row since it was last numbered. Nothing set on a pending row: assume anything."""

    READ = 1  # read or unread
    ARCHIVED = 2
    DELETED = 4
    CONTENT = 8


# A tombstone keeps its place in the stream and nothing of what it said.
BLANK: dict[str, Any] = {
    "subject": "",
    "message": "",
    "url": "",
    "data": {},
    "actor_type": None,
    "actor_id": "",
    "actor_text": "",
    "actor_url": "",
    "target_type": None,
    "target_id": "",
    "target_text": "",
    "target_url": "",
    "expires_at": None,
}

# Written by the sequencer alone. An instance loaded before its row was numbered must not undo it on save().
NUMBERED = {"id", "seq", "rev", "counted"}
LEFT_ALONE = {*NUMBERED, "deleted_at"}
UNTOUCHABLE = {*NUMBERED, "pending", "changed", "recipient", "recipient_id"}


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Every way to write rows leaves them pending, so that each change is numbered and announced."""

    def visible(self) -> NotificationQuerySet:
        """Numbered and not deleted: what lists and counts may show."""
        return self.filter(seq__isnull=False, deleted_at__isnull=True)

    def change(self, kind: Changed, **fields: Any) -> int:
        """Write ``fields`` and leave the rows pending; the caller schedules the numbering. Returns the row count."""
        return super().update(pending=True, changed=F("changed").bitor(int(kind)), **fields)

    def update(self, **fields: Any) -> int:
        if refused := fields.keys() & UNTOUCHABLE:
            raise ValueError(
                f"{', '.join(sorted(refused))} cannot be updated: a notification keeps its place and its recipient. "
                "Send a new one instead."
            )
        # Asked first: the update may move the rows out of its own filter. What slips in between, the sweeper finds.
        user_ids = self._recipients()
        updated = self.change(Changed.CONTENT, **fields)
        if updated:
            notifications_written.send(self.model, user_ids=user_ids, using=self.db)
        return updated

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Turn the rows into tombstones, so that clients that are away learn of it."""
        if self.query.is_sliced or self.query.distinct_fields:
            chosen = list(self.values_list("pk", flat=True))
            return self.model._default_manager.using(self.db).filter(pk__in=chosen).delete()
        living = self.filter(deleted_at__isnull=True).order_by()
        user_ids = living._recipients()
        deleted = living.change(Changed.DELETED, deleted_at=timezone.now(), **BLANK)
        if deleted:
            notifications_written.send(self.model, user_ids=user_ids, using=self.db)
        return deleted, ({self.model._meta.label: deleted} if deleted else {})

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Notification], *args: Any, **kwargs: Any) -> list[Notification]:
        if kwargs.get("update_conflicts"):
            kwargs["update_fields"] = [*(kwargs.get("update_fields") or ()), "pending", "changed"]
        objs = list(objs)
        for notification in objs:
            notification.forget_number()
        created = super().bulk_create(objs, *args, **kwargs)
        user_ids = {notification.recipient_id for notification in created}
        if user_ids:
            notifications_written.send(self.model, user_ids=user_ids, using=self.db)
        return created

    def _recipients(self) -> set[Any]:
        return set(self.order_by().values_list("recipient_id", flat=True).distinct())


class Notification(Content, PartialIndexes):
    """A row is invisible until it is numbered: ``seq`` is its fixed place, ``rev`` its last change.

    ``pending`` means "changed since it was numbered"; the database sets it on rows inserted by hand, too.
    ``counted`` says whether the row is part of the inbox's ``unread_count``, so that the count cannot drift.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_index=False,  # several of the indexes below begin with it
        related_name="inbox_notifications",
        verbose_name=_("recipient"),
    )
    seq = models.BigIntegerField(null=True, editable=False)
    rev = models.BigIntegerField(null=True, editable=False)
    pending = models.BooleanField(default=True, db_default=True, editable=False)
    changed = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    counted = models.BooleanField(default=False, db_default=False, editable=False)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)

    objects = models.Manager.from_queryset(NotificationQuerySet)()

    class Meta:
        db_table = "ntf_notification"
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            # First, so that InnoDB ties the foreign key to its index. Tied to one whose columns change, each numbering
            # would lock the person's row in the user table, wait for whoever changes it, and deadlock with them.
            models.UniqueConstraint(fields=["recipient", "dedupe_key"], name="ntf_notification_dedupe"),
            models.UniqueConstraint(fields=["recipient", "seq"], name="ntf_notification_seq"),
        ]
        indexes = [
            models.Index(fields=["recipient", "rev"], name="ntf_notification_rev"),
            # What a list shows and counts, without a look at the rows that it does not show.
            PartialIndex(
                fields=["recipient", "seq", "read_at"],
                condition=Q(deleted_at__isnull=True, archived_at__isnull=True),
                name="ntf_notification_list",
            ),
            PartialIndex(fields=["recipient"], condition=Q(pending=True), name="ntf_notification_pending"),
            PartialIndex(
                fields=["recipient", "collapse_key"],
                condition=Q(collapse_key__isnull=False),
                name="ntf_notification_collapse",
            ),
            PartialIndex(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="ntf_notification_expires"),
            PartialIndex(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="ntf_notification_deleted"),
            PartialIndex(fields=["created_at"], condition=Q(deleted_at__isnull=True), name="ntf_notification_created"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert or update; an update leaves numbering alone and is announced like any other change."""
        if kwargs.get("update_fields") == []:
            return
        key: Any = self.pk
        if key is None or kwargs.get("force_insert"):
            self.forget_number()
            super().save(*args, **kwargs)
            return
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            stored = self._stored(using)
            self._save_over(stored, *args, **kwargs)
            if stored is not None and stored["deleted_at"] is not None:
                # Whoever numbers the deletion meanwhile skips the row, since it is held here.
                notifications_written.send(Notification, user_ids=[stored["recipient_id"]], using=using)

    save.alters_data = True  # type: ignore[attr-defined]

    def _save_over(self, stored: Mapping[str, Any] | None, *args: Any, **kwargs: Any) -> None:
        if stored is None and self._state.adding:
            self.forget_number()
            super().save(*args, **kwargs)
            return
        if stored is not None:
            self._refuse_another_recipient(stored["recipient_id"])
            if stored["deleted_at"] is not None:
                return  # deleted since this was loaded: what it said must not come back
        self.pending, self.changed = True, int(Changed.CONTENT)
        kwargs["update_fields"] = self._fields_to_update(kwargs.get("update_fields"))
        super().save(*args, **kwargs)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Turn the row into a tombstone. Deleting the user removes rows for good."""
        rows = type(self)._default_manager.using(using or self._state.db)
        return rows.filter(pk=self.pk).delete()

    delete.alters_data = True  # type: ignore[attr-defined]

    def forget_number(self) -> None:
        """Make this a row that was never numbered, which a copy of another is not."""
        self.seq = self.rev = None
        self.pending, self.changed, self.counted = True, 0, False

    def _stored(self, using: str) -> Mapping[str, Any] | None:
        # Locked: a delete that commits before our update would be undone by it.
        rows = type(self)._base_manager.using(using).select_for_update()
        return rows.filter(pk=self.pk).values("recipient_id", "deleted_at").first()

    def _refuse_another_recipient(self, recipient_id: Any) -> None:
        field: Any = self._meta.get_field("recipient")
        if field.attname in self.__dict__ and field.to_python(self.__dict__[field.attname]) != recipient_id:
            raise ValueError("A notification keeps its place and its recipient. Send a new one instead.")

    def _fields_to_update(self, asked: Iterable[str] | None) -> set[str]:
        if asked is not None:
            return {*asked, "pending", "changed"} - LEFT_ALONE
        loaded = {f.attname for f in self._meta.concrete_fields} - self.get_deferred_fields()
        return (loaded | {"pending", "changed"}) - LEFT_ALONE
