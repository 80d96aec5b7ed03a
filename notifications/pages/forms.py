"""The preferences as a form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..models import Frequency, PriorityFilter
from ..preferences.parsing import REQUIRED, time_zones
from ..types import DeliveryChannel, all_types

CHANNELS: dict[str, str | Promise] = {
    DeliveryChannel.WEBSOCKET.value: _("Pop-up"),
    DeliveryChannel.EMAIL.value: _("E-mail"),
    DeliveryChannel.SMS.value: _("SMS"),
    DeliveryChannel.PUSH.value: _("Push"),
    DeliveryChannel.WEBHOOK.value: _("Webhook"),
}
FLAGS = ("quiet_hours_enabled", "single_keys", "sound", "desktop")


def _clock(label: Any) -> forms.TimeField:
    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    return forms.TimeField(label=label, widget=widget, input_formats=["%H:%M", "%H:%M:%S"])


class PreferencesForm(forms.Form):
    """Everything but the table of types and channels, which is :class:`Matrix`."""

    priority = forms.ChoiceField(label=_("Tell me about"), choices=PriorityFilter.choices, widget=forms.RadioSelect)
    frequency = forms.ChoiceField(label=_("How often"), choices=Frequency.choices, widget=forms.RadioSelect)
    quiet_hours_enabled = forms.BooleanField(label=_("Keep quiet at certain hours"), required=False)
    quiet_hours_start = _clock(_("Quiet from"))
    quiet_hours_end = _clock(_("Quiet until"))
    time_zone = forms.ChoiceField(label=_("Time zone"))
    paused_until = forms.DateTimeField(
        label=_("Pause everything until"),
        required=False,
        help_text=_("Nothing reaches you until then, and all is in your list. Leave it empty to go on at once."),
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

    def changes(self) -> dict[str, Any]:
        """What the person has changed, as :func:`~notifications.preferences.services.update_preferences` takes it."""
        return {name: _plain(self.cleaned_data[name]) for name in self.changed_data}


def _plain(value: Any) -> Any:
    return f"{value:%H:%M}" if isinstance(value, time) else value


@dataclass(frozen=True, slots=True)
class Cell:
    """One checkbox."""

    name: str
    value: str
    label: Any
    channel: Any
    wanted: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    slug: str
    label: Any
    cells: list[Cell]


class Matrix:
    """Types down, delivery channels across. A checkbox that is not sent is off, so the form says what it showed."""

    def __init__(self, preferences: dict[str, Any]) -> None:
        self.preferences = preferences

    def channels(self) -> list[Cell]:
        """The first row: a channel as a whole."""
        wanted = self.preferences["channels"]
        return [Cell("channels", name, _("Everything"), label, wanted[name]) for name, label in CHANNELS.items()]

    def rows(self) -> Iterator[MatrixRow]:
        for kind in all_types():
            own = self.preferences["matrix"][kind.slug]
            first = Cell("types", kind.slug, kind.label, _("At all"), self.preferences["types"][kind.slug])
            cells = [
                Cell("matrix", f"{kind.slug}:{name}", kind.label, label, own[name]) for name, label in CHANNELS.items()
            ]
            yield MatrixRow(kind.slug, kind.label, [first, *cells])

    @staticmethod
    def changes(post: QueryDict) -> dict[str, Any]:
        """What the checkboxes say about the types and channels that the page showed and that there still are."""
        channels, types, cells = (set(post.getlist(name)) for name in ("channels", "types", "matrix"))
        shown = [kind.slug for kind in all_types() if kind.slug in post.getlist("shown_types")]
        offered = [name for name in CHANNELS if name in post.getlist("shown_channels") and name not in REQUIRED]
        return {
            "channels": {name: name in channels for name in offered},
            "types": {kind: kind in types for kind in shown},
            "matrix": {kind: {name: f"{kind}:{name}" in cells for name in offered} for kind in shown},
        }
