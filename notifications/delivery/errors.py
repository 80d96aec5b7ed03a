"""What a delivery channel says when it could not deliver. Any other exception counts as :class:`TemporaryError`."""

from __future__ import annotations


class DeliveryError(Exception):
    """The text is for people: what the provider said."""


class TemporaryError(DeliveryError):
    """It may work later: the provider is down, busy or does not answer.

    Args:
        retry_after: seconds that the provider asked to wait, if it did.
        provider: whether all deliveries of the channel are concerned. One address that is busy says nothing of the
            others, and does not count towards leaving the channel alone for a while.
    """

    def __init__(self, text: str, *, retry_after: float | None = None, provider: bool = True) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.provider = provider


class PermanentError(DeliveryError):
    """It never will: the address does not exist, or the provider refuses this message."""
