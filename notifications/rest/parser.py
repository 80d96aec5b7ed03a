"""JSON in, JSON out, whatever the site's own REST settings and the client's ``Accept`` say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

MAX_DEPTH = 32


class AlwaysJson(DefaultContentNegotiation):
    """``Accept`` and ``?format=`` are not asked, as there is no choice. A wrong body type is still a 415."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class JsonParser(JSONParser):
    """Strict: UTF-8 whatever the charset says, no ``NaN``, and at most ``MAX_DEPTH`` levels.

    What is parsed here is stored and rendered again, by then deeper in the call stack: without a limit a
    body could be accepted that breaks every list it is in.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        # `body` and not the stream: only there Django's DATA_UPLOAD_MAX_MEMORY_SIZE applies.
        raw: bytes = (parser_context or {})["request"].body
        try:
            value = json.loads(raw.decode(), parse_constant=_refuse)
        except RecursionError:
            raise _too_deep() from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}"[:200]) from None
        _check_depth(value)
        return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _too_deep() -> ParseError:
    return ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise _too_deep()


def _children(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()
