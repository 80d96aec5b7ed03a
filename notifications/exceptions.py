"""What can go wrong at the public functions; each error says what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class NotificationError(ValueError):
    """Bad input. ``code`` is stable, for programs; the text is for people."""

    code = "invalid"
    field = ""


class UnknownType(NotificationError):
    """The notification type was never registered."""

    code = "unknown_type"
    field = "notification_type"

    def __init__(self, slug: object, known: Iterable[str]) -> None:
        names = sorted(known)
        nearest = get_close_matches(str(slug), names, n=1)
        hint = f" Did you mean '{nearest[0]}'?" if nearest else f" Known: {', '.join(names) or 'none yet'}."
        super().__init__(
            f"Notification type {slug!r} is not registered.{hint} "
            "Register it in the notification_types.py of an installed app."
        )


class UnknownRecipient(NotificationError):
    """No such user."""

    code = "unknown_user"
    field = "user_id"


class TooManyIds(NotificationError):
    """More ids at once than ``NOTIFICATIONS["MAX_IDS"]``."""

    code = "too_many_ids"
    field = "notification_ids"


class InvalidContent(NotificationError):
    """A field of the notification itself cannot be stored or shown."""

    code = "invalid"

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class MissingContext(InvalidContent):
    """A type's template uses a name that the send did not give."""

    code = "missing_context"

    def __init__(self, message: str) -> None:
        super().__init__("context", message)
