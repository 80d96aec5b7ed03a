from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..delivery.again import try_again
from ..delivery.labels import channel_label
from ..delivery.reasons import in_words
from ..inbox.database import write_database
from ..models import Delivery, Status
from .base import ReadOnlyAdmin
from .filters import ChannelFilter


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """The outbox: what was decided for each person and delivery channel, and what became of it."""

    list_display = ["label", "recipient", "subject", "decision", "attempts", "moment"]
    list_filter = [ChannelFilter, "status", "reason", "created_at"]
    list_select_related = ["recipient", "notification", "digest"]
    ordering = ["-pk"]
    raw_id_fields = ["recipient", "notification", "digest"]
    fields = ["recipient", "channel", "subject", "status", "reason", "why", "attempts"]
    fields += ["created_at", "due_at", "finished_at", "answer", "digest"]
    readonly_fields = ["subject", "why"]
    actions = ["try_again"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["notification__subject", f"recipient__{get_user_model().USERNAME_FIELD}"]

    @admin.display(description=_("delivery channel"))
    def label(self, delivery: Delivery) -> str:
        return str(channel_label(delivery.channel))

    @admin.display(description=_("decision"))
    def decision(self, delivery: Delivery) -> str:
        status, reason = delivery.get_status_display(), delivery.get_reason_display()
        return f"{status}: {reason}" if reason else status

    @admin.display(description=_("due or finished"))
    def moment(self, delivery: Delivery) -> Any:
        return delivery.finished_at or delivery.due_at

    @admin.display(description=_("notification"))
    def subject(self, delivery: Delivery) -> Any:
        if delivery.notification_id is None:
            return _("(several together)")
        return delivery.notification.subject if delivery.notification else _("(gone)")

    @admin.display(description=_("why"))
    def why(self, delivery: Delivery) -> str:
        return in_words(delivery)

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        # has_change_permission() says no to the form; this is about the person.
        return bool(request.user.has_perm("notifications.change_delivery"))

    @admin.action(description=_("Try again: send what has failed"), permissions=["try_again"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = list(queryset.filter(status=Status.FAILED))
        count = try_again([row.pk for row in chosen], using=write_database())
        for row in chosen:
            self.log_change(request, row, "Tried again.")
        text = ngettext("%d delivery is tried again.", "%d deliveries are tried again.", count) % count
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)
