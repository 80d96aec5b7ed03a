"""``manage.py check`` of ``NOTIFICATIONS["CHANNELS"]``, and of what types ask of it: never a failure at the send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.utils import translation

from ..conf import conf
from ..inbox.rendering import check_template
from ..types import BUILT_IN, NotificationType, all_types
from . import rates
from .base import Channel
from .registry import BACKENDS, channel_class, get_channel

# What every delivery channel takes beside its own.
COMMON = ("BACKEND", "ADDRESS", "RATE", "USER_RATE", "TIMEOUT")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


@register(Tags.compatibility)
def check_channels(**_: Any) -> list[CheckMessage]:
    """Each is there, complete, and says what is wrong with it."""
    given: Any = conf.CHANNELS
    if not isinstance(given, Mapping):
        return [Error("NOTIFICATIONS['CHANNELS'] must be a dict of names and options.", id="notifications.E010")]
    return [message for name in given for message in _check_channel(name, given[name])]


def _check_channel(name: Any, options: Any) -> Iterator[CheckMessage]:
    where = f"NOTIFICATIONS['CHANNELS'][{name!r}]"
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in BUILT_IN:
        yield Error(
            f"{where} has a name that cannot be used.",
            hint=f"Use 1-50 characters of a-z, 0-9, '_' and '-', and not {' or '.join(BUILT_IN)}, which need no entry.",
            id="notifications.E010",
        )
        return
    if not isinstance(options, Mapping):
        yield Error(f"{where} must be a dict of options, such as {{}}.", id="notifications.E010")
        return
    try:
        found = channel_class(name)
    except ImproperlyConfigured as error:
        yield Error(str(error), hint=_backend_hint(name, options), id="notifications.E013")
        return
    missing = [option for option in found.required_options if not options.get(option)]
    yield from _missing(where, found, missing)
    yield from _unknown(where, found, options)
    yield from _common(where, options)
    channel = None if missing else get_channel(name)
    if channel is not None:
        yield from _address(where, channel)
        yield from channel.check()


def _backend_hint(name: str, options: Mapping[str, Any]) -> str | None:
    nearest = get_close_matches(name, BACKENDS, n=1)
    if "BACKEND" not in options and nearest:
        return f"Did you mean {nearest[0]!r}? Its BACKEND need not be named."
    return None


def _missing(where: str, found: type[Channel], missing: list[str]) -> Iterator[CheckMessage]:
    for option in missing:
        yield Error(
            f"{where} has no {option!r}.",
            hint=f"{found.__name__} needs {', '.join(found.required_options)}. Set it, or remove the entry.",
            id="notifications.E011",
        )


def _unknown(where: str, found: type[Channel], options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    known = [*found.required_options, *found.optional, *COMMON]
    for option in options:
        if option not in known:
            nearest = get_close_matches(str(option).upper(), known, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Known: {', '.join(sorted(known))}."
            yield Error(f"{where} has an unknown option {option!r}.", hint=hint, id="notifications.E012")


def _common(where: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for option in ("RATE", "USER_RATE"):
        try:
            rates.parse(options.get(option) or "1/s")
        except (ValueError, TypeError) as error:
            yield Error(f"{where}[{option!r}]: {error}", id="notifications.E014")
    seconds = options.get("TIMEOUT")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0):
        yield Error(f"{where}['TIMEOUT'] is {seconds!r}.", hint="Give seconds, above 0.", id="notifications.E014")


def _address(where: str, channel: Channel) -> Iterator[CheckMessage]:
    # Whoever finds addresses in a way of their own may mean something else by it.
    if type(channel).addresses is Channel.addresses and (lookup := channel.address_lookup):
        yield from _lookup(f"{where}['ADDRESS']", lookup)


def _lookup(where: str, lookup: str) -> Iterator[CheckMessage]:
    try:
        get_user_model()._default_manager.values_list(lookup)
    except FieldError as error:
        yield Error(
            f"{where} is {lookup!r}, which does not lead from a user anywhere: {error}",
            hint="Name a field of the user model, or one of a model beside it such as 'profile__phone'.",
            id="notifications.E015",
        )


@register(Tags.compatibility)
def check_site(**_: Any) -> list[CheckMessage]:
    """Messages that leave the site need its address, and to know in which language to speak."""
    messages: list[CheckMessage] = []
    if conf.USER_LANGUAGE:
        messages += _lookup("NOTIFICATIONS['USER_LANGUAGE']", conf.USER_LANGUAGE)
    if conf.CHANNELS and not conf.SITE_URL:
        messages.append(
            Warning(
                "NOTIFICATIONS has CHANNELS, but no SITE_URL: their messages cannot link to this site, and e-mails "
                "cannot be unsubscribed from.",
                hint='Set it to the address that people use, such as "https://www.example.org".',
                id="notifications.W010",
            )
        )
    elif conf.SITE_URL and not _is_site(conf.SITE_URL):
        messages.append(
            Error(
                f"NOTIFICATIONS['SITE_URL'] is {conf.SITE_URL!r}.",
                hint='It must be a scheme and a host, and no more, such as "https://www.example.org".',
                id="notifications.E016",
            )
        )
    return messages


def _is_site(url: str) -> bool:
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
    return right and parts.path in {"", "/"} and not (parts.query or parts.fragment) and not any(map(str.isspace, url))


@register(Tags.security, deploy=True)
def check_encryption(**_: Any) -> list[CheckMessage]:
    """What is in an e-mail may be read, and changed, on the way to a page that is not encrypted."""
    if not str(conf.SITE_URL).startswith("http://"):
        return []
    return [
        Warning(
            "NOTIFICATIONS['SITE_URL'] is not https: links in messages can be read on their way, and mail programs "
            "offer no unsubscribing by one click.",
            hint="Serve the site by https, and say so in SITE_URL.",
            id="notifications.W012",
        )
    ]


@register(Tags.compatibility)
def check_types(**_: Any) -> list[CheckMessage]:
    """Types ask for delivery channels that there are, in templates that can be read in every language."""
    return [message for kind in all_types() for message in (*_wanted(kind), *_templates(kind))]


def _wanted(kind: type[NotificationType]) -> Iterator[CheckMessage]:
    there = [*BUILT_IN, *conf.CHANNELS]
    told: set[str] = set()
    # What is required, or waits, is among the channels, too: it is said once.
    for attribute in ("required", "escalate", "channels"):
        for name in getattr(kind, attribute):
            if name in there or name in told:
                continue
            told.add(name)
            nearest = get_close_matches(str(name), there, n=1)
            cure = f"Did you mean {nearest[0]!r}?" if nearest else f"Add it, or take it out of the type's {attribute}."
            # What must reach people must have a way; what else a type asks for depends on the site.
            say, number = (Error, "E018") if attribute == "required" else (Warning, "W011")
            yield say(
                f"Notification type {kind.slug!r} has {name!r} among its {attribute}, "
                "which NOTIFICATIONS['CHANNELS'] does not have.",
                hint=cure,
                id=f"notifications.{number}",
            )


def _templates(kind: type[NotificationType]) -> Iterator[CheckMessage]:
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            texts = {name: str(getattr(kind, name)) for name in ("subject", "message", "url")}
        if kind.collapse:
            texts["collapse"] = kind.collapse.key
        for attribute, text in texts.items():
            if wrong := check_template(text):
                yield Error(
                    f"The {attribute} of notification type {kind.slug!r} cannot be read as a template"
                    f" (language {language}): {wrong}",
                    hint=f"It is {text!r}.",
                    id="notifications.E017",
                )
