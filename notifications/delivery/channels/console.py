"""Messages on the console, for whoever develops a site."""

from __future__ import annotations

import sys
from threading import Lock
from typing import Any

from django.utils.translation import gettext_lazy as _

from ..base import Channel, Message

# Two workers' lines must not mix.
_writing = Lock()


class ConsoleChannel(Channel):
    """Reaches everybody, with or without an address."""

    label = _("Console")

    def send(self, message: Message, address: Any) -> str:
        lines = [f"== {self.name} to {message.recipient}" + (f" <{address}>" if address else ""), message.subject]
        lines += [text for text in (message.body, message.url) if text]
        if message.unsubscribe_url:
            lines.append(f"Unsubscribe: {message.unsubscribe_url}")
        with _writing:
            sys.stdout.write("\n".join(lines) + "\n\n")
            sys.stdout.flush()
        return "Written to the console."
