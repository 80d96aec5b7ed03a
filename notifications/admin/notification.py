from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from ..delivery.explain import explain
from ..exceptions import InvalidContent
from ..inbox.content import build_content
from ..models import Notification
from ..types import BUILT_IN, all_types
from .filters import ArchivedFilter, ReadFilter, TypeFilter

EXPLAINED = (_("How it reached the person, and why"), {"fields": ["deliveries"], "classes": ["wide"]})


class NotificationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Accepts what ``send_notification()`` would."""

    class Meta:
        model = Notification
        fields = "__all__"  # noqa: DJ007 - the admin's fieldsets choose

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "type" in self.fields:  # absent for those who may only look
            self.fields["type"] = forms.ChoiceField(label=_("type"), choices=self._types())

    def _types(self) -> list[tuple[str, Any]]:
        choices: list[tuple[str, Any]] = [(kind.slug, kind.label) for kind in all_types()]
        # A type whose app is gone: its old notifications can still be edited.
        if self.instance.type and self.instance.type not in dict(choices):
            choices.append((self.instance.type, self.instance.type))
        return choices

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["data"] = {} if cleaned.get("data") is None else cleaned["data"]
        known = {kind.slug for kind in all_types()}
        if not self.errors and known:
            self._check_content(cleaned, kind=cleaned["type"] if cleaned["type"] in known else min(known))
        return cleaned

    def _check_content(self, cleaned: dict[str, Any], *, kind: str) -> None:
        try:
            build_content(
                kind,
                cleaned["subject"],
                cleaned["message"],
                channels=BUILT_IN,
                priority=cleaned["priority"],
                data=cleaned["data"],
                url=cleaned["url"],
                actor=None,
                target=None,
                expires_at=cleaned["expires_at"],
                dedupe_key=cleaned.get("dedupe_key"),
            )
        except InvalidContent as error:
            self.add_error(error.field if error.field in self.fields else None, str(error))


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whatever is added, edited or deleted here is numbered after the commit and shown on open pages."""

    form = NotificationForm
    list_display = ["subject", "recipient", "type", "priority", "created_at", "read_at", "archived_at"]
    list_filter = [TypeFilter, "priority", ReadFilter, ArchivedFilter, "created_at"]
    list_select_related = ["recipient"]
    ordering = ["-pk"]
    show_full_result_count = False  # a second count of a table that may be large
    raw_id_fields = ["recipient"]
    readonly_fields = ["created_at", "actor_text", "target_text", "seq", "rev"]
    fieldsets = [
        (None, {"fields": ["recipient", "type", "priority", "subject", "message", "url", "data"]}),
        (_("State"), {"fields": ["read_at", "archived_at", "silent", "expires_at"]}),
        (_("Details"), {"fields": ["dedupe_key", *readonly_fields], "classes": ["collapse"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Notification | None = None) -> Any:
        fieldsets: Any = super().get_fieldsets(request, obj)
        # Of one that is being added there is nothing to explain yet.
        return [*fieldsets, EXPLAINED] if obj else fieldsets

    @admin.display(description=_("deliveries"))
    def deliveries(self, notification: Notification) -> str:
        """What :func:`~notifications.delivery.explain.explain` says, each with a link to its row of the outbox."""
        url = f"{self.admin_site.name}:notifications_delivery_change"
        context = {"explanations": explain(notification), "delivery_url": url}
        return render_to_string("notifications/admin_explanations.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        rows: Any = super().get_queryset(request)
        return rows.visible()  # type: ignore[no-any-return]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["subject", "message", f"recipient__{get_user_model().USERNAME_FIELD}"]

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Autocompletion where the site's user admin offers it to this person; the raw key otherwise."""
        users = self.admin_site._registry.get(get_user_model())
        offered = users is not None and users.get_search_fields(request) and users.has_view_permission(request)
        return ["recipient"] if offered else []

    def get_readonly_fields(self, request: HttpRequest, obj: Notification | None = None) -> list[str]:
        # In somebody else's inbox its number would mean nothing, and its key might be taken.
        return [*self.readonly_fields, "recipient", "dedupe_key", "deliveries"] if obj else [*self.readonly_fields]
