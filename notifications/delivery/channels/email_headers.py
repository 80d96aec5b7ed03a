"""An e-mail whose links in headers stay links.

From Django 6.0 on, e-mails are written by Python's newer library. It takes any word of more than a line for one that
must be encoded (``=?utf-8?q?…``), and no mail program follows a link in that.
"""

from __future__ import annotations

from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.policy import EmailPolicy, default
from typing import Any

import django
from django.core.mail import EmailMultiAlternatives


class LinkHeader(UnstructuredHeader):
    """One line, however long: up to 998 characters are allowed."""

    def fold(self, *, policy: Any) -> str:
        header: Any = self  # what the registry makes of it also is the text, and has a name
        return f"{header.name}: {header}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", LinkHeader)  # type: ignore[arg-type]  # it mixes the rest in itself


class LinkedEmail(EmailMultiAlternatives):
    def message(self, *, policy: Any = default) -> Any:
        if django.VERSION < (6, 0):
            return super().message()
        return super().message(policy=with_links(policy))


def with_links(policy: EmailPolicy) -> EmailPolicy:
    """The same policy, but for headers that are links."""
    return policy.clone(header_factory=HEADERS)
