"""What people call a delivery channel."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..types import DeliveryChannel
from .registry import channel_class

LABELS: Mapping[str, str | Promise] = {
    DeliveryChannel.IN_APP.value: _("List of notifications"),
    DeliveryChannel.WEBSOCKET.value: _("Pop-up"),
    DeliveryChannel.EMAIL.value: _("E-mail"),
    DeliveryChannel.SMS.value: _("SMS"),
    DeliveryChannel.PUSH.value: _("Push"),
    DeliveryChannel.WEBHOOK.value: _("Webhook"),
    "chat": _("Chat"),
}


def channel_label(name: str) -> str | Promise:
    """What the site's own class calls it, or its name in words: also of a channel that is configured no more."""
    if name in LABELS:
        return LABELS[name]
    return _own_label(name) or name.replace("_", " ").capitalize()


def _own_label(name: str) -> str | Promise:
    if name not in conf.CHANNELS:
        return ""
    try:
        found = channel_class(name)
    except ImproperlyConfigured:  # a system check says so; a page should not fail over it
        return ""
    # Several channels may use one of the classes that come with the app, each under a name of its own.
    return "" if found.__module__.startswith(__package__ or "") else found.label
