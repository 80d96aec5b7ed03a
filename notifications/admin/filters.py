"""Filters that cost no query of their own: the choices are known without asking a large table."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..delivery.labels import channel_label
from ..delivery.registry import channel_names
from ..types import BUILT_IN, DeliveryChannel, all_types


class TypeFilter(admin.SimpleListFilter):
    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.slug, str(kind.label)) for kind in all_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class ChannelFilter(admin.SimpleListFilter):
    """The channels that this site has, and those that every site knows by name: it may have had them."""

    title = _("delivery channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        known = [str(channel) for channel in DeliveryChannel if channel not in BUILT_IN]
        return [(name, str(channel_label(name))) for name in dict.fromkeys([*channel_names(), *known])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


class _SetOrNot(admin.SimpleListFilter):
    """Whether a moment is set."""

    field: str
    labels: tuple[Any, Any]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", self.labels[0]), ("no", self.labels[1])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(**{f"{self.field}__isnull": self.value() == "no"})


class ReadFilter(_SetOrNot):
    title = _("read")
    parameter_name = "read"
    field = "read_at"
    labels = (_("Read"), _("Unread"))


class ArchivedFilter(_SetOrNot):
    title = _("archived")
    parameter_name = "archived"
    field = "archived_at"
    labels = (_("Archived"), _("Not archived"))
