from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, DateTimeField, IntegerField, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..delivery import circuit
from ..delivery.again import try_channels_now
from ..delivery.labels import channel_label
from ..delivery.reasons import moment_in_words
from ..delivery.registry import channel_names
from ..inbox.database import write_database
from ..models import ChannelState, Delivery, Status
from .base import ReadOnlyAdmin


def _of_what_is_due(aggregate: Any, output: Any) -> Subquery:
    """Of the rows that should have gone out on each channel by now, without a query per row."""
    due = Delivery.objects.filter(channel=OuterRef("pk"), status=Status.QUEUED, due_at__lte=timezone.now())
    return Subquery(due.order_by().values("channel").annotate(found=aggregate).values("found"), output_field=output)


@admin.register(ChannelState)
class ChannelStateAdmin(ReadOnlyAdmin):
    """Each delivery channel: whether its provider works, and what waits for it."""

    list_display = ["label", "state", "overdue", "oldest", "failures", "last_error", "last_failed_at", "last_sent_at"]
    readonly_fields = ["state", "overdue", "oldest"]
    fields = ["channel", "state", "overdue", "oldest", "failures", "last_error", "last_failed_at", "last_sent_at"]
    ordering = ["channel"]
    actions = ["try_now"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # Workers make the rows; but that nobody delivers is seen here best, and then no worker ever has.
        circuit.states(channel_names(), using=write_database())
        return super().changelist_view(request, extra_context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChannelState]:
        rows: QuerySet[ChannelState] = super().get_queryset(request)
        count = Coalesce(_of_what_is_due(Count("pk"), IntegerField()), 0)
        return rows.annotate(due_count=count, due_since=_of_what_is_due(Min("due_at"), DateTimeField()))

    @admin.display(description=_("delivery channel"), ordering="channel")
    def label(self, row: ChannelState) -> str:
        return f"{channel_label(row.channel)} ({row.channel})"

    @admin.display(description=_("state"))
    def state(self, row: ChannelState) -> Any:
        if row.channel not in channel_names():
            return _("not configured any more")
        if row.open_until is not None and row.open_until > timezone.now():
            return _("fails, and is not tried until %s") % moment_in_words(row.open_until)
        if row.failures:
            return _("failed last")
        return _("works") if row.last_sent_at else _("not tried yet")

    @admin.display(description=_("due"))
    def overdue(self, row: Any) -> int:
        count: int = row.due_count
        return count

    @admin.display(description=_("oldest due since"))
    def oldest(self, row: Any) -> Any:
        return row.due_since

    def has_try_now_permission(self, request: HttpRequest) -> bool:
        # has_change_permission() says no to the form; this is about the person.
        return bool(request.user.has_perm("notifications.change_channelstate"))

    @admin.action(description=_("Try again now, though the last attempts failed"), permissions=["try_now"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[ChannelState]) -> None:
        chosen = list(queryset.filter(open_until__gt=timezone.now()))
        count = try_channels_now([row.pk for row in chosen], using=write_database())
        for row in chosen:
            self.log_change(request, row, "Tried again.")
        text = ngettext("%d delivery channel is tried again.", "%d delivery channels are tried again.", count) % count
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)
