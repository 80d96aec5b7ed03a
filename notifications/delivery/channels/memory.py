"""Messages in a list, for tests: of a site, and of this app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from ..base import Channel, Message


@dataclass(frozen=True, slots=True)
class Sent:
    channel: str
    address: Any
    message: Message


# Of this process; the oldest first. A test empties it: outbox.clear().
outbox: list[Sent] = []


class MemoryChannel(Channel):
    """Reaches everybody, with or without an address."""

    label = _("Memory")

    def send(self, message: Message, address: Any) -> str:
        outbox.append(Sent(self.name, address, message))
        return "Kept in memory."
