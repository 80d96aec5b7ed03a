"""From what a caller says and what the type says to what is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.db import models
from django.utils import timezone

from ..conf import conf
from ..exceptions import MissingContext
from ..types import BUILT_IN, NotificationType, get_type
from .content import build_content, known_channels, parse_channels, parse_moment
from .rendering import render, render_key

COLLAPSED_FOR = timedelta(hours=1)  # where only the send has a key
NO_CHANNEL = 'this site has no such delivery channel. Add it to NOTIFICATIONS["CHANNELS"].'


class Given(TypedDict):
    """What a send says beside its recipients."""

    subject: str | None
    message: str
    channels: Collection[str] | None
    priority: str | None
    data: dict[str, Any] | None
    url: str
    actor: models.Model | None
    target: models.Model | None
    expires_at: datetime | None
    dedupe_key: str | None
    collapse_key: str | None
    send_at: datetime | None
    context: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What can be stored.

    ``content`` holds the fields of a :class:`~notifications.models.content.Content`, ``channels`` all delivery
    channels that are wanted and there, ``errors`` a sentence for each that is not there.
    """

    kind: type[NotificationType]
    content: dict[str, Any]
    channels: list[str]
    errors: list[str]
    due_at: datetime | None

    @property
    def external(self) -> list[str]:
        """The channels beside the inbox's own."""
        return [channel for channel in self.channels if channel not in BUILT_IN]

    @property
    def built_in(self) -> list[str]:
        return [channel for channel in self.channels if channel in BUILT_IN]


def needs_language(notification_type: Any, given: Given) -> bool:
    """Whether any word is the type's own. Otherwise nobody need be asked for their language."""
    return not {"subject", "message"}.isdisjoint(_own_fields(get_type(notification_type), given))


def _own_fields(kind: type[NotificationType], given: Given) -> list[str]:
    """What the type's templates say, since the send does not. Whoever says the subject needs no context."""
    if given["subject"] is not None and given["context"] is None:
        return []
    unsaid = {"subject": given["subject"] is None, "message": given["message"] == "", "url": given["url"] == ""}
    return [field for field, is_unsaid in unsaid.items() if is_unsaid and getattr(kind, field)]


def compose(notification_type: Any, given: Given, *, language: str | None) -> Outgoing:
    """Return what is to be stored. ``language`` is needed where :func:`needs_language` says so.

    Raises:
        NotificationError: naming the field.
    """
    kind = get_type(notification_type)
    words = render(kind, _own_fields(kind, given), given["context"] or {}, language)
    channels, absent = _channels(kind, given["channels"])
    due_at = _due(given["send_at"])
    content = build_content(
        kind,
        words.get("subject", "") if given["subject"] is None else given["subject"],
        words.get("message", given["message"]),
        channels=channels,
        priority=given["priority"],
        data=given["data"],
        url=words.get("url", given["url"]),
        actor=given["actor"],
        target=given["target"],
        expires_at=given["expires_at"],
        dedupe_key=given["dedupe_key"],
        collapse_key=_collapse_key(kind, given),
        created_at=due_at,
    )
    return Outgoing(kind, content, channels, [f"{channel}: {NO_CHANNEL}" for channel in absent], due_at)


def _channels(kind: type[NotificationType], asked: Collection[str] | None) -> tuple[list[str], list[str]]:
    """Those that are there, and those that were asked for and are not."""
    if asked is None:
        # What only the type wants may be missing: a system check has said so, and no send fails for it.
        known = known_channels()
        asked = kind.channels if kind.channels == BUILT_IN else [name for name in kind.channels if name in known]
        return [name for name in parse_channels(asked) if _is_there(name)], []
    wanted = parse_channels(asked)
    return [name for name in wanted if _is_there(name)], [name for name in wanted if not _is_there(name)]


def _is_there(channel: str) -> bool:
    return channel in BUILT_IN or channel in conf.CHANNELS


def _collapse_key(kind: type[NotificationType], given: Given) -> str | None:
    """The send's own, or the type's. Whoever sends in words of their own may have no context for that one."""
    if given["collapse_key"] is not None or kind.collapse is None:
        return given["collapse_key"]
    try:
        return render_key(kind, given["context"] or {})
    except MissingContext:
        if given["subject"] is None or given["context"] is not None:
            raise
        return None


def reworded(outgoing: Outgoing, given: Given, *, language: str) -> dict[str, str]:
    """What the same content says in another language."""
    other = compose(outgoing.kind, given, language=language)
    return {field: other.content[field] for field in ("subject", "message", "url")}


def _due(send_at: datetime | None) -> datetime | None:
    """``None`` for now, which is also what the past means."""
    due_at = parse_moment("send_at", send_at)
    return due_at if due_at is not None and due_at > timezone.now() else None


def window_of(kind: type[NotificationType] | None) -> timedelta:
    """How long one row takes up what is sent with its key."""
    return kind.collapse.window if kind is not None and kind.collapse else COLLAPSED_FOR
