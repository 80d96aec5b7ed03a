"""The language each person is told in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.translation import get_supported_language_variant

from ..conf import conf
from ..models import Preference


def languages_of(user_ids: Collection[Any], *, using: str) -> dict[Any, str]:
    """A language code of ``LANGUAGES`` for each of them: their own choice, then what ``USER_LANGUAGE`` leads to, then
    the site's. One query, or two.
    """
    ids = list(user_ids)
    chosen = Preference.objects.using(using).filter(pk__in=ids).exclude(language="")
    found: dict[Any, str] = dict(chosen.values_list("pk", "language"))
    if conf.USER_LANGUAGE:
        users = get_user_model()._default_manager.using(using).filter(pk__in=[pk for pk in ids if pk not in found])
        found |= dict(users.values_list("pk", conf.USER_LANGUAGE))
    supported = {language: _supported(language) for language in set(found.values())}
    return {pk: supported.get(found.get(pk, ""), settings.LANGUAGE_CODE) for pk in ids}


def _supported(language: Any) -> str:
    try:
        return get_supported_language_variant(str(language or ""))
    except LookupError:  # one that the site speaks no more
        return settings.LANGUAGE_CODE
