"""What one claim's attempts say about the provider of a delivery channel."""

from __future__ import annotations

import logging
from typing import Any

from . import circuit, rates
from .claims import Claim
from .errors import TemporaryError

logger = logging.getLogger("notifications")


class Health:
    """Noted in the database when it changes, and at the end of the claim: not after each message that went out."""

    def __init__(self, claim: Claim, *, using: str) -> None:
        self.claim, self.name, self.using = claim, claim.channel, using
        self.is_left_alone = False
        self._took = False  # a message, since that was last noted
        self._is_known = False  # what becomes of a channel on trial

    def took(self) -> None:
        """The provider has a message."""
        self._took = True

    def refused(self, user_id: Any, text: str) -> None:
        """It wants one never."""
        self._note_what_it_took()
        self._is_known = True
        trial = self.claim.trial
        self.is_left_alone |= circuit.refused(self.name, user_id, text, trial=trial, using=self.using)

    def failed(self, error: TemporaryError, text: str) -> None:
        """An attempt failed, and others may, too."""
        if not error.provider:
            return
        if error.retry_after:
            rates.pause(self.name, error.retry_after, using=self.using)
            self.is_left_alone = True
        self._count_failure(text)

    def unusable(self, error: Exception, *, for_sure: bool = False) -> None:
        """Nothing was tried for any of them, so they keep their attempts."""
        described = f"{type(error).__name__}: {error}".strip()
        logger.warning("a delivery channel cannot be used", extra={"channel": self.name, "error": described})
        self._count_failure(str(error) or described, for_sure=for_sure)
        self.is_left_alone = True

    def end(self) -> None:
        """The claim is over."""
        if self._took:
            self._note_what_it_took()
        elif self.claim.trial and not self.is_left_alone and not self._is_known:
            # Nothing was to be sent after all, so nothing is known: the next one decides.
            circuit.call_off_trial(self.name, using=self.using)

    def _count_failure(self, text: str, *, for_sure: bool = False) -> None:
        self._note_what_it_took()
        opened = circuit.failed(self.name, text, trial=self.claim.trial, for_sure=for_sure, using=self.using)
        self.is_left_alone |= opened

    def _note_what_it_took(self) -> None:
        if self._took:  # from then on it is the first failure in a row
            circuit.succeeded(self.name, using=self.using)
            self._took = False
