"""The table of the preferences page: types down, delivery channels across."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ..delivery.labels import channel_label
from ..delivery.registry import channel_names
from ..preferences.parsing import REQUIRED
from ..types import DeliveryChannel, NotificationType, all_types


@dataclass(frozen=True, slots=True)
class Cell:
    """One checkbox. A ``required`` one is ticked and cannot be changed."""

    name: str
    value: str
    label: Any
    channel: Any
    wanted: bool
    required: bool = False


@dataclass(frozen=True, slots=True)
class MatrixRow:
    slug: str
    label: Any
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Group:
    """The types of one category; those without one have no label."""

    label: str
    rows: list[MatrixRow]


def offered_channels() -> list[str]:
    """What a person can choose of: pop-ups, and the delivery channels that this site has."""
    return [DeliveryChannel.WEBSOCKET.value, *(name for name in channel_names() if name not in REQUIRED)]


class Matrix:
    """A checkbox that is not sent is off, so the form says what it showed."""

    def __init__(self, preferences: dict[str, Any]) -> None:
        self.preferences = preferences
        self.labels = {name: channel_label(name) for name in offered_channels()}

    def channels(self) -> list[Cell]:
        """The first row: a channel as a whole."""
        wanted = self.preferences["channels"]
        return [Cell("channels", name, _("Everything"), label, wanted[name]) for name, label in self.labels.items()]

    def groups(self) -> list[Group]:
        """Types without a category come first, as the others have a heading."""
        found: dict[str, list[MatrixRow]] = {}
        for kind in all_types():
            found.setdefault(str(kind.category), []).append(self._row(kind))
        return [Group(label, found[label]) for label in sorted(found, key=str.casefold)]

    def has_required(self) -> bool:
        return any(_required(kind) for kind in all_types())

    def _row(self, kind: type[NotificationType]) -> MatrixRow:
        first = Cell("types", kind.slug, kind.label, _("At all"), self.preferences["types"][kind.slug])
        return MatrixRow(kind.slug, kind.label, [first, *self._cells(kind)])

    def _cells(self, kind: type[NotificationType]) -> Iterator[Cell]:
        own, required = self.preferences["matrix"][kind.slug], _required(kind)
        for name, label in self.labels.items():
            always = name in required
            yield Cell("matrix", f"{kind.slug}:{name}", kind.label, label, own[name] or always, always)

    @staticmethod
    def changes(post: QueryDict) -> dict[str, Any]:
        """What the checkboxes say about the types and channels that the page showed and that there still are."""
        channels, types, cells = (set(post.getlist(name)) for name in ("channels", "types", "matrix"))
        shown = [kind for kind in all_types() if kind.slug in post.getlist("shown_types")]
        offered = [name for name in offered_channels() if name in post.getlist("shown_channels")]
        return {
            "channels": {name: name in channels for name in offered},
            "types": {kind.slug: kind.slug in types for kind in shown},
            # Browsers do not send what is disabled, and that it is not there says nothing.
            "matrix": {
                kind.slug: {name: f"{kind.slug}:{name}" in cells for name in offered if name not in _required(kind)}
                for kind in shown
            },
        }


def _required(kind: type[NotificationType]) -> set[str]:
    return set(kind.required) & set(offered_channels())
