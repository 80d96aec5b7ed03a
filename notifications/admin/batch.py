from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..inbox.services import cancel_batch
from ..models import Batch, BatchChunk
from .base import ReadOnlyAdmin


def _total(field: str, **chosen: Any) -> Coalesce:
    """A sum over the chunks of each batch, without a query per row."""
    sums = (
        BatchChunk.objects.filter(batch=OuterRef("pk"), **chosen)
        .order_by()
        .values("batch")
        .annotate(total=Sum(F(field)))
        .values("total")
    )
    return Coalesce(Subquery(sums, output_field=IntegerField()), 0)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ["subject", "type", "priority", "recipients", "progress", "created_at", "status"]
    search_fields = ["subject"]
    ordering = ["-pk"]
    actions = ["cancel"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        batches: QuerySet[Batch] = super().get_queryset(request)
        return batches.annotate(sent=_total("created"), waiting=_total("size", expanded_at=None))

    @admin.display(description=_("sent"))
    def progress(self, batch: Any) -> str:
        if not batch.recipients:
            return "0"
        percent = 100 * (batch.recipients - batch.waiting) // batch.recipients
        return f"{batch.sent} ({percent} %)"

    @admin.display(description=_("state"))
    def status(self, batch: Batch) -> Any:
        if batch.cancelled_at:
            return _("cancelled")
        return _("finished") if batch.finished_at else _("being sent")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        # has_change_permission() says no to the form; this is about the person.
        return bool(request.user.has_perm("notifications.change_batch"))

    @admin.action(description=_("Cancel: send nothing more"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        chosen = list(queryset.filter(finished_at=None))
        for batch in chosen:
            cancel_batch(batch.pk)
            self.log_change(request, batch, "Cancelled.")
        text = ngettext("%d send was cancelled.", "%d sends were cancelled.", len(chosen)) % len(chosen)
        self.message_user(request, text, messages.SUCCESS if chosen else messages.WARNING)
