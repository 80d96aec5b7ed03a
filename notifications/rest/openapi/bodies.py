"""What goes in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from ...conf import conf
from ...inbox.content import MAX_CONTENT_BYTES, MAX_DATA_DEPTH, known_channels
from ...types import all_types
from ..actions import ALL_READ, BY_IDS, SEEN
from ..send import MAX_RECIPIENTS, YEARS
from .answers import schema
from .schemas import Schema, described, record

# Databases refuse a NUL in text.
NO_NUL = r"^[^\u0000]*$"
NOT_BLANK = r"^[^\u0000]*[^\s\u0000\u001c-\u001f\u0085][^\u0000]*$"  # Python strips some more than \s
# As notifications.links has it; urlsplit() refuses some more hosts outside of ASCII.
LINK = r"^(/([^/\\\u0000-\u0020][^\\\u0000-\u0020]*)?|https://[0-9A-Za-z._:-]+([/?#][^\\\u0000-\u0020]*)?)?$"
IN_YEARS = "^(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-"

# What is beyond 64 bits is as good as the largest number of 64 bits.
POSITION: Schema = {"type": "integer", "minimum": 0}

JSON: Schema = {
    "anyOf": [
        {"type": ["null", "boolean", "number"]},
        {"type": "string", "pattern": NO_NUL},
        {"type": "array", "items": schema("Json")},
        {"type": "object", "propertyNames": {"pattern": NO_NUL}, "additionalProperties": schema("Json")},
    ]
}


def sent() -> Schema:
    """Made anew each time: types are registered while Django starts."""
    return {
        "Json": JSON,
        "UserKey": _user_key(),
        "UpTo": record({"up_to_seq": POSITION}),
        "UpToOrAll": record({}, {"up_to_seq": described(POSITION, "What has arrived since stays unread.")}),
        "Send": _send(),
        "Action": _action(),
    }


def user_key_type() -> Schema:
    """The primary key of this site's users, as a query string has it."""
    key: Any = get_user_model()._meta.pk
    while key.remote_field:
        key = key.target_field
    if isinstance(key, models.IntegerField):
        return {"type": "integer"}
    return {"type": "string", "format": "uuid"} if isinstance(key, models.UUIDField) else {"type": "string"}


def _user_key() -> Schema:
    """In a body an integer may be written as text, too."""
    key = user_key_type()
    if key["type"] != "integer":
        return key
    return {"anyOf": [key, {"type": "string", "pattern": "^[+-]?[0-9]+$"}]}


def _send() -> Schema:
    required: Schema = {
        "notification_type": {"type": "string", "enum": [kind.slug for kind in all_types()]},
        "subject": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": NOT_BLANK},
    }
    optional: Schema = {
        "user_id": schema("UserKey"),
        "user_ids": {"type": "array", "minItems": 1, "maxItems": MAX_RECIPIENTS, "items": schema("UserKey")},
        "message": {"type": "string", "pattern": NO_NUL, "default": ""},
        "channels": {
            "type": ["array", "null"],
            "maxItems": 20,
            "items": {"type": "string", "enum": known_channels()},
            "description": "By default the type's own, most often `in_app` and `websocket`. Without the latter it is"
            " silent.",
        },
        "priority": described({"anyOf": [schema("Priority"), {"type": "null"}]}, "By default the type's own."),
        "data": {
            "type": ["object", "null"],
            "propertyNames": {"pattern": NO_NUL},
            "additionalProperties": schema("Json"),
            "description": f"At most {MAX_DATA_DEPTH} levels, and with `message` {MAX_CONTENT_BYTES:,} bytes.",
        },
        "url": {
            "type": "string",
            "maxLength": 2000,
            "pattern": LINK,
            "description": "A path on this site, or an `https://` address with its host in ASCII.",
        },
        "expires_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "pattern": IN_YEARS,
            "description": f"In the years {YEARS[0]} to {YEARS[-1]}; without an offset it is UTC.",
        },
        "dedupe_key": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 200,
            "pattern": NO_NUL,
            "description": "The same key for the same person is one notification.",
        },
        "collapse_key": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 200,
            "pattern": NO_NUL,
            "description": "An unread notification of the same type and key says what this one does, and counts on.",
        },
        "send_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "pattern": IN_YEARS,
            "description": "When it is to be sent; the past is now.",
        },
    }
    return record(required, optional, oneOf=[{"required": ["user_id"]}, {"required": ["user_ids"]}])


def _action() -> Schema:
    ids: Schema = {"type": "array", "maxItems": conf.MAX_IDS, "items": {"type": "integer"}}
    return {
        "oneOf": [
            record({"action": {"enum": list(BY_IDS)}, "notification_ids": ids}),
            record({"action": {"const": ALL_READ}}, {"up_to_seq": POSITION}),
            record({"action": {"const": SEEN}, "up_to_seq": POSITION}),
        ]
    }
