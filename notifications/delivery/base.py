"""What a delivery channel is. A site adds one by a subclass and an entry in ``NOTIFICATIONS["CHANNELS"]``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Self

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.core.exceptions import FieldError
from django.utils.functional import Promise

from ..inbox.among import among
from ..models import Notification


@dataclass(frozen=True, slots=True)
class Message:
    """What is to reach one person, in their language.

    ``key`` is the same for every attempt, so that a provider that knows it need not deliver twice. ``url`` is absolute,
    or empty. ``notifications`` is one, or those that a digest brings together, the most urgent first; of a long one
    only the first, and ``more`` says how many others there are. ``time_zone`` is the person's, for the times of a
    digest; empty, it is the site's.
    """

    key: str
    recipient: Any
    language: str
    subject: str
    body: str
    url: str
    priority: str
    notifications: Sequence[Notification]
    more: int = 0
    unsubscribe_url: str = ""
    is_digest: bool = False
    time_zone: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class Channel(ABC):
    """One way to a person, set up from its entry in ``NOTIFICATIONS["CHANNELS"]``.

    One object per worker thread, and one for the system checks and for decisions, which call :meth:`check` and
    :meth:`addresses` only. Used as a context manager around several sends: :meth:`open` and :meth:`close` may keep a
    connection that long.
    """

    label: ClassVar[str | Promise] = ""
    required_options: ClassVar[tuple[str, ...]] = ()
    # What else it takes, with what it is without. None means "there is none".
    optional: ClassVar[Mapping[str, Any]] = {}
    default_address: ClassVar[str] = ""
    # Whether what :meth:`send` returns may be read by the person it was sent to. What it raises never is.
    answer_is_public: ClassVar[bool] = False

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.options: dict[str, Any] = {**self.optional, **options}

    def check(self) -> list[CheckMessage]:
        """What is wrong with the options beyond those that are missing or unknown, each with the cure."""
        return []

    @property
    def address_lookup(self) -> str:
        """Where a person's address is: a look-up from the user model, such as ``email`` or ``profile__phone``."""
        return str(self.options.get("ADDRESS") or self.default_address)

    def addresses(self, user_ids: Collection[Any], *, using: str) -> dict[Any, Any]:
        """The addresses of those who have one, however many people they are with one query.

        Inactive users have none.
        """
        users = get_user_model()._default_manager.using(using).filter(among("pk", user_ids, using=using))
        if any(each.name == "is_active" for each in get_user_model()._meta.get_fields()):
            users = users.filter(is_active=True)
        if not self.address_lookup:
            return dict.fromkeys(users.values_list("pk", flat=True), "")
        try:
            found = dict(users.values_list("pk", self.address_lookup))
        except FieldError as error:
            raise FieldError(f"NOTIFICATIONS['CHANNELS'][{self.name!r}]['ADDRESS']: {error}") from None
        return {pk: address for pk, address in found.items() if address}

    @abstractmethod
    def send(self, message: Message, address: Any) -> str:
        """Deliver, and return what the provider answered; at most a few lines.

        Who runs the site reads it, and what was raised. The recipient reads the answer only where
        :attr:`answer_is_public`, and no error's text.

        Raises:
            TemporaryError: try again later.
            PermanentError: do not.
        """

    def open(self) -> None:  # noqa: B027 - most need none
        """Several sends follow."""

    def close(self) -> None:  # noqa: B027
        """They are over; also called after a failure."""

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
