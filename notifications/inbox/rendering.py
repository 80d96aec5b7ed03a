"""A type's templates become the words of one notification."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from django.template import Context, Engine, Template, TemplateSyntaxError
from django.template.base import VariableNode
from django.utils.text import Truncator
from django.utils.translation import override

from ..exceptions import InvalidContent, MissingContext
from ..types import NotificationType

MAX_SUBJECT = 255


def render(
    kind: type[NotificationType], fields: Collection[str], context: Mapping[str, Any], language: str | None
) -> dict[str, str]:
    """Fill in these of the type's templates, in a language.

    Raises:
        MissingContext: a template uses a name that ``context`` does not have.
        InvalidContent: a template cannot be read, or fails.
    """
    words = {}
    with override(language) if language else nullcontext():
        for field in fields:
            # An address is the same in every language: 1234 must not become 1,234 in it.
            text = _rendered(kind, field, str(getattr(kind, field)), context, localized=field != "url").strip()
            words[field] = Truncator(" ".join(text.split())).chars(MAX_SUBJECT) if field == "subject" else text
    return words


def render_key(kind: type[NotificationType], context: Mapping[str, Any]) -> str | None:
    """The key by which sends of this type collapse. Raises as :func:`render` does."""
    return _rendered(kind, "collapse", kind.collapse.key, context, localized=False) if kind.collapse else None


@lru_cache(maxsize=1)
def _engine() -> Engine:
    # What is rendered is text, never HTML: escaping is for those who show it.
    return Engine(autoescape=False, builtins=["django.templatetags.i18n", "django.templatetags.l10n"])


@lru_cache(maxsize=1_000)
def _template(text: str) -> Template:
    return _engine().from_string(text)


def check_template(text: str) -> str | None:
    """What is wrong with a template's syntax, if anything."""
    try:
        _template(text)
    except TemplateSyntaxError as error:
        return str(error)
    return None


def _rendered(
    kind: type[NotificationType], field: str, text: str, context: Mapping[str, Any], *, localized: bool
) -> str:
    try:
        template = _template(text)
        _require_names(kind, field, template, context)
        return template.render(Context(dict(context), autoescape=False, use_l10n=localized))
    except MissingContext:
        raise
    # A template runs the host's methods: whatever they raise, the sender is told whose fault it is.
    except Exception as error:
        raise InvalidContent(
            field, f"The {field} of type {kind.slug!r} cannot be rendered: {type(error).__name__}: {error}"
        ) from error


def _require_names(kind: type[NotificationType], field: str, template: Template, context: Mapping[str, Any]) -> None:
    """Names that are always used must be there: Django would leave a hole in the sentence, and say nothing."""
    for node in template.nodelist:
        lookups = getattr(node.filter_expression.var, "lookups", None) if isinstance(node, VariableNode) else None
        if lookups and lookups[0] not in {*context, "True", "False", "None"}:
            nearest = get_close_matches(lookups[0], context, n=1)
            hint = f" Is it {nearest[0]!r}?" if nearest else ""
            raise MissingContext(
                f"The {field} of type {kind.slug!r} needs {lookups[0]!r}, which was not given.{hint} "
                f"Send it as {kind.__name__}.send(user, {lookups[0]}=…)."
            )
