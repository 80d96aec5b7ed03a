"""What a site has to set up before its e-mails leave it, found out without sending any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage, Error, Warning
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template

from ...types import all_types

DJANGO_DEFAULT_SENDER = "webmaster@localhost"
SHARED = ("_message", "_digest")


def check_mail(name: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """``options`` are those of the channel ``name``, with what it is without."""
    where = f"NOTIFICATIONS['CHANNELS'][{name!r}]"
    yield from _sender(where, options)
    yield from _mailer(where, options)
    yield from _templates()


def _sender(where: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    sender = str(options["FROM"] or settings.DEFAULT_FROM_EMAIL)
    if "\n" in sender or "\r" in sender or "@" not in parseaddr(sender)[1]:
        yield Error(
            f"E-mails would be sent from {sender!r}, which is no address.",
            hint=f'Set {where}["FROM"] or DEFAULT_FROM_EMAIL to one such as "The shop <news@example.org>".',
            id="notifications.E020",
        )
    elif sender == DJANGO_DEFAULT_SENDER and not settings.DEBUG:
        yield Warning(
            f"E-mails would be sent from {sender!r}, which mail servers refuse.",
            hint=f'Set {where}["FROM"] or DEFAULT_FROM_EMAIL.',
            id="notifications.W013",
        )


def make_backend(mailer: str) -> Any:
    """Django's own way to send e-mail; no connection is made.

    Raises:
        Exception: whatever Django says of settings that are wrong.
    """
    mailers: Any = getattr(mail, "mailers", None)
    if mailers is None:
        return mail.get_connection()
    return mailers[mailer]


def _mailer(where: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if not hasattr(mail, "mailers") and options["MAILER"] != "default":
        yield Error(
            f"{where}['MAILER'] is {options['MAILER']!r}, but this version of Django has no mailers.",
            hint="Use Django 6.1 or newer and its setting MAILERS, or leave 'MAILER' out.",
            id="notifications.E021",
        )
        return
    try:
        make_backend(options["MAILER"])
    except Exception as error:
        yield Error(
            f"Django's e-mail cannot be used: {type(error).__name__}: {error}",
            hint=f"Correct EMAIL_BACKEND and the other EMAIL_… settings, or MAILERS and {where}['MAILER'].",
            id="notifications.E021",
        )


def _templates() -> Iterator[CheckMessage]:
    own = [kind.slug for kind in all_types()]
    for template in [f"notifications/email/{name}.{kind}" for name in (*SHARED, *own) for kind in ("html", "txt")]:
        try:
            get_template(template)
        except TemplateDoesNotExist:
            if any(f"/{name}." in template for name in SHARED):  # few types have one of their own
                yield Error(
                    f"The e-mail template {template} is not found.",
                    hint='Let TEMPLATES find those of the app with "APP_DIRS": True.',
                    id="notifications.E022",
                )
        except TemplateSyntaxError as error:
            yield Error(f"The e-mail template {template} cannot be read: {error}", id="notifications.E022")
