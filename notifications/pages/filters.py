"""What the history page can be narrowed to."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..rest.parameters import LARGEST
from ..types import Priority, all_types

STATES = {
    "all": pgettext_lazy("notifications", "All"),
    "unread": pgettext_lazy("notifications", "Unread"),
    "read": pgettext_lazy("notifications", "Read"),
    "archived": pgettext_lazy("notifications", "Archived"),
}
SEARCHED = ("subject", "message", "actor_text", "target_text")
DAYS = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9998, 12, 31))]  # a day more still is a date


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=False, validators=DAYS, widget=widget)


class HistoryFilter(forms.Form):
    """The query string of the page. What is wrong in it is said beside its field, and then nothing is listed."""

    q = forms.CharField(
        label=_("Search"), required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"})
    )
    state = forms.ChoiceField(required=False, choices=list(STATES.items()), widget=forms.HiddenInput)
    type = forms.ChoiceField(label=_("Type"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    before = forms.IntegerField(required=False, min_value=0, max_value=LARGEST, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, auto_id="notifications-%s", label_suffix="")
        self.fields["from"] = _day(pgettext_lazy("date", "From"))  # no name that Python would take
        self.fields["to"] = _day(pgettext_lazy("date", "To"))
        types = [(kind.slug, kind.label) for kind in all_types()]
        self.fields["type"].choices = [("", _("All types")), *types]  # type: ignore[attr-defined]
        self.fields["priority"].choices = [("", _("All priorities")), *Priority.choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        first, last = cleaned.get("from"), cleaned.get("to")
        if first and last and first > last:
            self.add_error("to", _("This is before the first day."))
        return cleaned

    @property
    def tab(self) -> str:
        return self.cleaned_data.get("state") or "all"

    @property
    def narrowed(self) -> bool:
        """Whether anything but the state narrows the list."""
        return any(self.data.get(name) for name in ("q", "type", "priority", "from", "to"))

    @property
    def more_used(self) -> bool:
        """Whether a filter is used that is shown on demand."""
        return any(self.data.get(name) for name in ("type", "priority", "from", "to"))

    def chosen(self) -> Q:
        """The rows that the filter lets through; of the page, ``before`` is part of it."""
        cleaned = self.cleaned_data
        wanted = _STATES[self.tab] & _search(cleaned.get("q") or "")
        for name in ("type", "priority"):
            if cleaned.get(name):
                wanted &= Q(**{name: cleaned[name]})
        if first := cleaned.get("from"):
            wanted &= Q(created_at__gte=_midnight(first))
        if last := cleaned.get("to"):
            wanted &= Q(created_at__lt=_midnight(last + timedelta(days=1)))
        if cleaned.get("before") is not None:
            wanted &= Q(seq__lt=cleaned["before"])
        return wanted


_LISTED = Q(archived_at__isnull=True)
_STATES = {
    "all": _LISTED,
    "unread": _LISTED & Q(read_at__isnull=True),
    "read": _LISTED & Q(read_at__isnull=False),
    "archived": Q(archived_at__isnull=False),
}


def _search(text: str) -> Q:
    found = Q()
    if text:
        for name in SEARCHED:
            found |= Q(**{f"{name}__icontains": text})
    return found


def _midnight(day: date) -> datetime:
    midnight = datetime.combine(day, time())
    return timezone.make_aware(midnight) if settings.USE_TZ else midnight
