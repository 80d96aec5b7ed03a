"""What clients may say, in their address and in their frames, checked. Pure functions, no Django."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from .protocol import SUBPROTOCOL

LARGEST = 2**63 - 1
LONGEST_REQUEST_ID = 64
LONGEST_EPOCH = 64

_SURROGATE = re.compile("[\ud800-\udfff]")


class JunkFrame(Exception):
    """Not something a client of this protocol says. ``code`` is stable; three within a minute close the socket."""

    def __init__(self, code: str, message: str, request_id: str | None = None) -> None:
        self.code = code
        self.message = message
        self.request_id = request_id
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Command:
    """``ids`` and ``up_to_seq`` are there as far as the type has them; they are in range, but may be anybody's."""

    type: str
    ids: list[int] | None = None
    up_to_seq: int | None = None
    since: int | None = None
    epoch: str = ""
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """``since`` is there where the client was here before and wants what it missed."""

    protocol: int = 1
    since: int | None = None
    epoch: str = ""


def parse_opening(query_string: bytes, subprotocols: Collection[str]) -> Opening:
    """Return what a client says in its address. What makes no sense there counts as not said."""
    query = parse_qs(query_string.decode("latin-1"))
    if SUBPROTOCOL not in subprotocols and query.get("protocol") != ["2"]:
        return Opening()
    since, epoch = query.get("since", [""])[0], query.get("epoch", [""])[0]
    if not (since.isascii() and since.isdigit() and len(since) < len(str(LARGEST))):
        return Opening(protocol=2)
    return Opening(protocol=2, since=int(since), epoch=epoch[:LONGEST_EPOCH])


def parse(text: str | None, *, max_bytes: int, max_depth: int, max_ids: int) -> Command:
    """Return the command that a frame holds.

    Raises:
        JunkFrame: binary, too large, too deep, not JSON, not an object, no or unknown type, or a wrong field.
    """
    if text is None:
        raise JunkFrame("binary", "Send text frames, each with one JSON object.")
    if len(text) > max_bytes or len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise JunkFrame("too_large", f"A frame may have {max_bytes} bytes.")
    # Looked at before parsing: a parser that recurses is what deep nesting aims at.
    if _depth(text, max_depth) > max_depth:
        raise JunkFrame("too_deep", f"A frame may nest {max_depth} levels deep.")
    try:
        message = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise JunkFrame("not_json", "The frame is not JSON.") from None
    if not isinstance(message, dict):
        raise JunkFrame("not_an_object", 'Send an object, such as {"type": "get_unread_count"}.')
    return _command(message, max_ids)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Which of the two is meant, every parser on the way would decide for itself.
    if len(message := dict(pairs)) < len(pairs):
        raise JunkFrame("duplicate_key", "The frame names a field twice.")
    return message


def _depth(text: str, limit: int) -> int:
    """The deepest nesting, looked for no further than just past the limit; brackets in strings do not count."""
    depth = deepest = 0
    in_string = escaped = False
    if text.count("{") + text.count("[") <= limit:
        return 0
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > limit:
                break
        elif character in "}]":
            depth -= 1
    return deepest


def _command(message: dict[str, Any], max_ids: int) -> Command:
    request_id = message.get("request_id")
    if request_id is not None and not _is_request_id(request_id):
        raise JunkFrame("invalid_request_id", f"request_id must be text of up to {LONGEST_REQUEST_ID} characters.")
    kind = message.get("type")
    if kind is None:
        raise JunkFrame("no_type", 'The frame has no "type".', request_id)
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise JunkFrame("unknown_type", f"Known types: {', '.join(_FIELDS)}.", request_id)
    try:
        return Command(type=kind, request_id=request_id, **fields(message, max_ids))
    except JunkFrame as junk:
        junk.request_id = request_id
        raise


def _nothing(message: dict[str, Any], max_ids: int) -> dict[str, Any]:
    return {}


def _ids(message: dict[str, Any], max_ids: int) -> dict[str, Any]:
    given = message.get("notification_ids")
    if given is None:
        given = [message.get("notification_id")]
    if not isinstance(given, list) or not all(_is_id(value) for value in given):
        raise JunkFrame(
            "invalid_id", "notification_id must be a whole number above 0, notification_ids a list of them."
        )
    if len(given) > max_ids:
        raise JunkFrame("too_many_ids", f"notification_ids may have {max_ids} entries.")
    return {"ids": given}


def _ids_or_seq(message: dict[str, Any], max_ids: int) -> dict[str, Any]:
    if message.get("up_to_seq") is not None:
        return _required_seq(message, max_ids)
    return _ids(message, max_ids)


def _optional_seq(message: dict[str, Any], max_ids: int) -> dict[str, Any]:
    return {} if message.get("up_to_seq") is None else _required_seq(message, max_ids)


def _required_seq(message: dict[str, Any], max_ids: int) -> dict[str, Any]:
    seq = message.get("up_to_seq")
    if not _is_number(seq):
        raise JunkFrame("invalid_seq", "up_to_seq must be a whole number of 0 or more.")
    return {"up_to_seq": seq}


def _cursor(message: dict[str, Any], max_ids: int) -> dict[str, Any]:
    since, epoch = message.get("since"), message.get("epoch")
    if not _is_number(since) or not isinstance(epoch, str) or len(epoch) > LONGEST_EPOCH:
        raise JunkFrame(
            "invalid_cursor", "sync needs since (a whole number) and epoch (text), as the server sent them."
        )
    return {"since": since, "epoch": epoch}


def _is_request_id(value: Any) -> bool:
    # It goes back in the answer, and half a surrogate pair, which JSON can hold, cannot be sent.
    return isinstance(value, str) and len(value) <= LONGEST_REQUEST_ID and not _SURROGATE.search(value)


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _is_id(value: Any) -> bool:
    return _is_number(value) and value > 0


_FIELDS: dict[str, Callable[[dict[str, Any], int], dict[str, Any]]] = {
    "ping": _nothing,
    "pong": _nothing,
    "get_unread_count": _nothing,
    "mark_read": _ids_or_seq,
    "mark_unread": _ids,
    "archive": _ids,
    "unarchive": _ids,
    "delete": _ids,
    "mark_all_read": _optional_seq,
    "mark_seen": _required_seq,
    "sync": _cursor,
}
