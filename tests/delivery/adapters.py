"""A site's own delivery channels, as a site would write them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import OperationalError

from notifications.delivery.base import Channel, Message

PATH = "tests.delivery.adapters"


class ByEmail(Channel):
    """Whoever has an e-mail address is reached."""

    default_address = "email"

    def send(self, message: Message, address: str) -> str:
        return f"told {address}"


class ToAnybody(Channel):
    """Needs no address."""

    def send(self, message: Message, address: str) -> str:
        return "told"


class Broken(Channel):
    """Has a fault of its own."""

    def addresses(self, user_ids: Collection[Any], *, using: str) -> dict[Any, Any]:
        raise ZeroDivisionError

    def send(self, message: Message, address: str) -> str:
        return "told"


class Elsewhere(Broken):
    """Asks a database of its own, which is down."""

    def addresses(self, user_ids: Collection[Any], *, using: str) -> dict[Any, Any]:
        raise OperationalError("the address book is down")


CHANNELS = {"email": {"BACKEND": f"{PATH}.ByEmail"}, "pager": {"BACKEND": f"{PATH}.ToAnybody"}}
