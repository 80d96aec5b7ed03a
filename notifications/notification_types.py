"""The one type that every site has, so that a first notification can be sent before any other is named."""

from django.utils.translation import gettext_lazy as _

from .types import register

register("message", _("Message"))
