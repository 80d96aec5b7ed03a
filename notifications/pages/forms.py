"""The preferences as a form."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from ..models import WEEKDAYS, Frequency, PriorityFilter
from ..preferences.parsing import time_zones


def _clock(label: Any) -> forms.TimeField:
    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    return forms.TimeField(label=label, widget=widget, input_formats=["%H:%M", "%H:%M:%S"])


class PreferencesForm(forms.Form):
    """Everything but the table of types and channels, which is :class:`~notifications.pages.matrix.Matrix`."""

    priority = forms.ChoiceField(label=_("Tell me about"), choices=PriorityFilter.choices, widget=forms.RadioSelect)
    frequency = forms.ChoiceField(label=_("How often"), choices=Frequency.choices, widget=forms.RadioSelect)
    digest_time = _clock(_("Together at"))
    digest_weekday = forms.TypedChoiceField(label=_("Once a week on"), choices=WEEKDAYS, coerce=int)
    language = forms.ChoiceField(label=_("Language of what is sent to you"), required=False)
    quiet_hours_enabled = forms.BooleanField(label=_("Keep quiet at certain hours"), required=False)
    quiet_hours_start = _clock(_("Quiet from"))
    quiet_hours_end = _clock(_("Quiet until"))
    time_zone = forms.ChoiceField(label=_("Time zone"))
    paused_until = forms.DateTimeField(
        label=_("Pause everything until"),
        required=False,
        help_text=_(
            "Only what is critical, or what this site has to tell you, reaches you until then; all is in your list. "
            "Leave it empty to go on at once."
        ),
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )
    sound = forms.BooleanField(label=_("Play a sound when something new arrives"), required=False)
    desktop = forms.BooleanField(
        label=_("Show a desktop notification while this site is in the background"), required=False
    )
    single_keys = forms.BooleanField(
        label=_("Use single keys"),
        required=False,
        help_text=_("J and K move through the list, E archives, Shift+I marks read, ? shows them all."),
    )

    def __init__(self, data: QueryDict | None = None, *, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial, auto_id="notifications-%s", label_suffix="")
        zones = list(time_zones())
        if (current := self.initial.get("time_zone")) and current not in zones:
            zones.insert(0, current)
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]
        if len(settings.LANGUAGES) > 1:
            self.fields["language"].choices = [("", _("The site’s")), *languages()]  # type: ignore[attr-defined]
        else:
            del self.fields["language"]

    def changes(self) -> dict[str, Any]:
        """What the person has changed, as :func:`~notifications.preferences.services.update_preferences` takes it."""
        return {name: _plain(self.cleaned_data[name]) for name in self.changed_data}


def languages() -> list[tuple[str, str]]:
    """The site's languages, each in its own words, as whoever looks for theirs reads them."""
    return [(code, _own_name(code) or str(name)) for code, name in settings.LANGUAGES]


def _own_name(code: str) -> str:
    try:
        name: str = get_language_info(code)["name_local"]
    except KeyError:  # one that Django does not know
        return ""
    return name[:1].upper() + name[1:]


def _plain(value: Any) -> Any:
    return f"{value:%H:%M}" if isinstance(value, time) else value
