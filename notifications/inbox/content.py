"""From what a caller says to what can be stored, or to an error that names the field."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise

from ..conf import conf
from ..exceptions import InvalidContent
from ..models.content import validate_link
from ..types import BUILT_IN, DeliveryChannel, NotificationType, Priority, get_type

MAX_CONTENT_BYTES = 100_000
MAX_DATA_DEPTH = 32

_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def parse_channels(channels: Collection[str]) -> list[str]:
    """Return the delivery channels asked for, in order; ``in_app`` is always among them.

    Those that every site knows by name may be asked for also where the site does not have them.

    Raises:
        InvalidContent: a name that is no delivery channel.
    """
    if channels == BUILT_IN:
        return [*BUILT_IN]
    if isinstance(channels, str):
        channels = [channels]
    known = known_channels()
    try:
        wanted = {str(getattr(channel, "value", channel)) for channel in channels} | {DeliveryChannel.IN_APP.value}
    except TypeError:
        wanted = {""}
    if not wanted <= set(known):
        raise InvalidContent("channels", f"channels must be a list of {', '.join(known)}; got {channels!r}.")
    return [channel for channel in known if channel in wanted]


def known_channels() -> list[str]:
    """Every name that may be asked for: those of every site, then this site's own."""
    return list(dict.fromkeys([*(channel.value for channel in DeliveryChannel), *conf.CHANNELS]))


def build_content(
    notification_type: str | type[NotificationType],
    subject: str,
    message: str,
    *,
    channels: Collection[str],
    priority: str | None,
    data: dict[str, Any] | None,
    url: str,
    actor: models.Model | None,
    target: models.Model | None,
    expires_at: datetime | None,
    dedupe_key: str | None,
    collapse_key: str | None = None,
    created_at: datetime | None = None,
) -> dict[str, Any]:
    """Return the fields of a :class:`~notifications.models.content.Content`.

    Args:
        created_at: by default now.

    Raises:
        UnknownType, InvalidContent: naming the field.
    """
    kind = get_type(notification_type)
    created_at = created_at or timezone.now()
    if expires_at is None and kind.ttl is not None:
        expires_at = created_at + kind.ttl
    content = {
        "type": kind.slug,
        "subject": _text("subject", subject, 255),
        "message": _text("message", message),
        "priority": kind.priority if priority is None else Priority.parse(priority),
        "url": _link(url),
        "data": _data(data),
        "silent": DeliveryChannel.WEBSOCKET not in channels,
        "dedupe_key": None if dedupe_key is None else _text("dedupe_key", str(dedupe_key), 200),
        "collapse_key": None if collapse_key is None else _text("collapse_key", str(collapse_key), 200),
        "created_at": created_at,
        "expires_at": parse_moment("expires_at", expires_at),
        **_snapshot("actor", actor),
        **_snapshot("target", target),
    }
    size = len(content["message"].encode()) + len(json.dumps(content["data"], cls=DjangoJSONEncoder))
    if size > MAX_CONTENT_BYTES:
        raise InvalidContent(
            "message",
            f"message and data have {size:,} bytes together, and {MAX_CONTENT_BYTES:,} is the most. "
            "Keep the rest in a model of your own and link to it with url.",
        )
    return content


def _text(field: str, value: Any, longest: int | None = None) -> str:
    if not isinstance(value, str | Promise):
        raise InvalidContent(field, f"{field} must be text; got {type(value).__name__}.")
    text = str(value)
    if longest is not None and len(text) > longest:
        raise InvalidContent(field, f"{field} has {len(text)} characters, and {longest} is the most.")
    if field == "subject" and not text.strip():
        raise InvalidContent(field, "subject is empty. Say in a few words what happened.")
    if field in {"dedupe_key", "collapse_key"} and not text:
        raise InvalidContent(field, f"{field} is empty, and would make all sends one. Leave it out to send each.")
    if not _storable(text):
        raise InvalidContent(field, f"{field} holds a NUL or half a surrogate pair, which databases refuse.")
    return text


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _link(url: str) -> str:
    url = str(url or "")
    if url:
        try:
            validate_link(url)
        except ValidationError as error:
            raise InvalidContent("url", f"{error.messages[0]} Got {url[:100]!r}.") from None
    return _text("url", url, 2000)


def _data(data: dict[str, Any] | None) -> dict[str, Any]:
    data = {} if data is None else data
    given: Any = data  # what callers pass need not be what the signature says
    if not isinstance(given, dict):
        raise InvalidContent("data", f"data must be a dict; got {type(data).__name__}.")
    try:
        text = json.dumps(data, cls=DjangoJSONEncoder, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidContent("data", f"data cannot be written as JSON: {error}.") from None
    if _ESCAPED_NUL.search(text) or not _storable(text):
        raise InvalidContent("data", "data holds a NUL or half a surrogate pair, which databases refuse.")
    if _deeper_than(MAX_DATA_DEPTH, data):
        raise InvalidContent("data", f"data nests deeper than {MAX_DATA_DEPTH} levels; not every client can read that.")
    stored: dict[str, Any] = json.loads(text)  # as it will be read back: a date is its text, for instance
    return stored


def _deeper_than(levels: int, value: Any) -> bool:
    if not isinstance(value, dict | list | tuple):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(levels - 1, item) for item in items)


def parse_moment(field: str, value: datetime | None) -> datetime | None:
    """As the database takes it.

    Raises:
        InvalidContent: not a datetime.
    """
    if value is None:
        return None
    given: Any = value
    if not isinstance(given, datetime):
        raise InvalidContent(field, f"{field} must be a datetime; got {type(given).__name__}.")
    return timezone.make_aware(value) if settings.USE_TZ and timezone.is_naive(value) else value


def _snapshot(role: str, instance: models.Model | None) -> dict[str, Any]:
    if instance is None:
        return {}
    given: Any = instance
    if not isinstance(given, models.Model) or given.pk is None or given._state.adding:
        raise InvalidContent(role, f"{role} must be a saved model instance; got {given!r:.100}.")
    url = str(instance.get_absolute_url() or "") if hasattr(instance, "get_absolute_url") else ""
    try:
        validate_link(url)
    except ValidationError:
        url = ""
    return {
        f"{role}_type_id": ContentType.objects.get_for_model(instance).pk,
        f"{role}_id": str(instance.pk),
        f"{role}_text": _mended(str(instance))[:255],
        f"{role}_url": url if _storable(url) and len(url) <= 2000 else "",
    }


def _mended(text: str) -> str:
    """Without what databases refuse; unlike the caller's own words, a model's text is nobody's mistake here."""
    return text.replace("\0", "").encode(errors="replace").decode()
