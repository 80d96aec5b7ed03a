"""Links that switch off what a message is an example of, for people who are not logged in.

The link is signed, so nobody can make one for somebody else. It never expires: a message may be read years later, and
the law in many places wants its link to work. All that it opens is this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.core import signing

from ..exceptions import UnknownRecipient
from ..inbox.database import parse_user_key
from ..models import Frequency
from ..preferences.services import preferences_of, update_preferences
from ..types import find_type
from .addresses import page


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether something reaches a person, and what a link can do about it.

    ``can_resume``: it was switched off by such a link, or as if by one, and nothing else keeps it off. ``is_required``:
    nobody can switch it off. ``is_together``: the person gets one message for many notifications.
    """

    is_wanted: bool
    can_resume: bool
    is_required: bool
    is_together: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """One type on one delivery channel, or with an empty ``type`` a channel as a whole."""

    user_id: Any
    channel: str
    type: str = ""

    @property
    def is_required(self) -> bool:
        kind = find_type(self.type)
        return kind is not None and self.channel in kind.required

    @property
    def is_gone(self) -> bool:
        """The type is sent no more: there is nothing to switch off."""
        return bool(self.type) and find_type(self.type) is None

    def of_the_channel(self) -> Subscription:
        """The channel as a whole: what a page may offer instead, if it asks first."""
        return replace(self, type="")

    def standing(self) -> Standing:
        """How it is now.

        Raises:
            UnknownRecipient: the person was deleted.
        """
        preferences = preferences_of(self.user_id)
        switches = [bool(preferences["channels"].get(self.channel, True))]
        if self.type:
            switches.append(bool(preferences["types"].get(self.type, True)))
            switches.append(bool(preferences["matrix"].get(self.type, {}).get(self.channel, True)))
        *others, own = switches
        return Standing(
            is_wanted=self.is_required or all(switches),
            can_resume=not self.is_required and not own and all(others),
            is_required=self.is_required,
            is_together=preferences["frequency"] != Frequency.INSTANT,
        )

    def set_wanted(self, wanted: bool) -> None:
        """Switch it off, or on again.

        Raises:
            InvalidPreferences: the site has no such delivery channel, or no such type, any more.
            UnknownRecipient: the person was deleted.
        """
        choice = {self.channel: wanted}
        update_preferences(self.user_id, {"matrix": {self.type: choice}} if self.type else {"channels": choice})

    def send_at_once(self) -> None:
        """No more digests: every notification in a message of its own."""
        update_preferences(self.user_id, {"frequency": Frequency.INSTANT.value})


def token_of(subscription: Subscription) -> str:
    """Text for an address; the same each time."""
    return _signer().sign_object([str(subscription.user_id), subscription.channel, subscription.type])


def read_token(token: str) -> Subscription | None:
    """What a token of :func:`token_of` is about, be its type sent no more; nothing if it is none of ours."""
    try:
        user_id, channel, kind = _signer().unsign_object(token)
        key = parse_user_key(user_id)
    except (signing.BadSignature, UnknownRecipient):
        return None
    return Subscription(key, channel, kind)


def unsubscribe_url(user_id: Any, channel: str, kind: str = "") -> str:
    """The whole address; nothing if the site has not said where it is, or has left its pages out."""
    return page("unsubscribe", token_of(Subscription(user_id, channel, kind)))


def _signer() -> signing.Signer:
    return signing.Signer(salt="notifications.unsubscribe")
