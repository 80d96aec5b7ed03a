"""The errors and the headers that all addresses have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import MAX_LENGTH, MAX_SENTENCES

HEADERS: dict[str, Any] = {
    "X-Request-ID": {
        "description": "The request's own `X-Request-ID` where that is well-formed, else a new one. It is in the log.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:+/=@-]{1,128}$"},
    },
    "Cache-Control": {"required": True, "schema": {"type": "string", "const": "private, no-store"}},
    "WWW-Authenticate": {"required": True, "schema": {"type": "string"}},
    # Not required: a site's throttle need not know how long.
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}},
}
ON_ALL = ("X-Request-ID", "Cache-Control")

DETAIL: dict[str, Any] = {
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"type": "string"}},
    "additionalProperties": False,
}
FIELD_ERRORS: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_SENTENCES,
        "items": {"type": "string", "maxLength": MAX_LENGTH},
    },
}


def ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def schema(name: str) -> dict[str, str]:
    return ref("schemas", name)


def answer(
    description: str,
    content: Mapping[str, Any],
    *,
    media_type: str = "application/json",
    headers: tuple[str, ...] = (),
    links: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    more = {"links": dict(links)} if links else {}
    return {
        "description": description,
        "headers": {name: ref("headers", name) for name in (*ON_ALL, *headers)},
        "content": {media_type: {"schema": dict(content)}},
        **more,
    }


def _refusal(description: str, *headers: str) -> dict[str, Any]:
    return answer(description, schema("Detail"), headers=headers)


ANSWERS: dict[str, Any] = {
    "BadRequest": answer(
        "A parameter or a field that is wrong or missing is named, and nothing was changed. `detail`: the body is no "
        f"JSON object, or nested too deep. A field has at most {MAX_SENTENCES} sentences.",
        {"oneOf": [schema("FieldErrors"), schema("Detail")]},
    ),
    "Unauthorized": _refusal("Nobody known asks, or the key is wrong or not this `user_id`'s.", "WWW-Authenticate"),
    "Forbidden": _refusal("They may not, `user_id` names somebody else, or the CSRF token is missing."),
    "NotFound": _refusal("Unknown ids and other people's get the same answer; so does a user who is gone."),
    "TooLarge": _refusal("The body is larger than the site's `DATA_UPLOAD_MAX_MEMORY_SIZE`."),
    "UnsupportedMediaType": _refusal("The body is not `application/json`."),
    "TooManyRequests": _refusal("The site's own throttle, where it has one.", "Retry-After"),
    "Unavailable": _refusal("The database was busy or away, and nothing was changed. Try again.", "Retry-After"),
}
_NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    503: "Unavailable",
}


def refusals(*statuses: int) -> dict[str, Any]:
    return {str(status): ref("responses", _NAMES[status]) for status in statuses}
