"""The delivery channels of this site, as ``NOTIFICATIONS["CHANNELS"]`` says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from threading import local
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from ..conf import conf
from .base import Channel

# What a name means that says no BACKEND.
BACKENDS: Mapping[str, str] = {
    "email": "notifications.delivery.channels.email.EmailChannel",
    "sms": "notifications.delivery.channels.apprise.AppriseChannel",
    "chat": "notifications.delivery.channels.apprise.AppriseChannel",
    "push": "notifications.delivery.channels.push.PushChannel",
    "webhook": "notifications.delivery.channels.webhook.WebhookChannel",
    "console": "notifications.delivery.channels.console.ConsoleChannel",
    "memory": "notifications.delivery.channels.memory.MemoryChannel",
}

_own = local()


@lru_cache(maxsize=64)
def channel_class(name: str) -> type[Channel]:
    """The adapter of a configured channel.

    Raises:
        ImproperlyConfigured: it has no BACKEND, cannot be imported, or is no :class:`Channel`.
    """
    path = conf.CHANNELS[name].get("BACKEND") or BACKENDS.get(name)
    where = f"NOTIFICATIONS['CHANNELS'][{name!r}]"
    if not path:
        raise ImproperlyConfigured(f"{where} needs a BACKEND: the dotted path of a subclass of {Channel.__name__}.")
    try:
        found = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"{where}: {path} cannot be imported: {error}.") from error
    if not isinstance(found, type) or not issubclass(found, Channel):
        raise ImproperlyConfigured(f"{where}: {path} is not a subclass of notifications.delivery.base.Channel.")
    return found


def get_channel(name: str) -> Channel | None:
    """This thread's object of a channel; ``None`` if the site has none of that name.

    Raises:
        ImproperlyConfigured: see :func:`channel_class`. A system check says so first.
    """
    if name not in conf.CHANNELS:
        return None
    channels: dict[str, tuple[Any, Channel]] = _own.__dict__.setdefault("channels", {})
    options = conf.CHANNELS[name]
    if name not in channels or channels[name][0] is not options:
        given = {key: value for key, value in options.items() if key != "BACKEND"}
        channels[name] = options, channel_class(name)(name, given)
    return channels[name][1]


def answer_is_public(name: str) -> bool:
    """Whether the recipient may read what this channel's provider answered: its class has to say so."""
    try:
        return name in conf.CHANNELS and channel_class(name).answer_is_public
    except ImproperlyConfigured:
        return False


def channel_names() -> list[str]:
    """The names of this site's delivery channels, in the order of the settings."""
    return list(conf.CHANNELS)


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "NOTIFICATIONS":
        channel_class.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.delivery")
