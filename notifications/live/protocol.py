"""What goes over the wire: close codes and the frames a server sends. Pure functions, no Django.

Every frame is ``{"type", "data", "timestamp"}``. A client that asks for nothing gets the eight types of the original
design and ``error``; protocol 2 adds revisions, replays and changes of other kinds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from ..links import safe_link

SUBPROTOCOL = "notifications.v2"


class Close(IntEnum):
    """Codes this server closes with; clients try again after those marked *retry*."""

    GOOD_BYE = 1000
    UNAUTHORIZED = 1008
    RESTARTING = 1012  # retry
    JUNK = 4400
    ORIGIN = 4403
    SILENT = 4408  # retry
    RIGHT_ENDED = 4410
    TOO_MANY_FRAMES = 4429  # retry
    SLOW_READER = 4503  # retry


def wire_key(user_id: Any) -> int | str:
    """A user's key as JSON has it: a number stays one, anything else (a UUID) goes as its text."""
    return user_id if type(user_id) is int else str(user_id)


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC. A naive moment (``USE_TZ = False``) is local time, which Django sets to ``TIME_ZONE``."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps() would make one each time


def dumps(value: Any) -> str:
    text = _encode(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, which a JSON column can hold, would break every socket that it is sent to.
        return json.dumps(value, separators=(",", ":"))
    return text


def frame(kind: str, data: Mapping[str, Any] | None = None) -> str:
    """Render one frame. Fields that are ``None`` stay, since ``null`` means something in most of them."""
    body: dict[str, Any] = {"type": kind}
    if data is not None:
        body["data"] = data
    body["timestamp"] = now()
    return dumps(body)


# -- notifications ---------------------------------------------------------------------------------------------


def common_data(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a notification says, without what differs between the people who get the same one."""
    data = {
        "type": row["type"],
        "subject": row["subject"],
        "message": row["message"],
        "priority": str(row["priority"]),
        "created_at": iso(row["created_at"]),
        "url": safe_link(row["url"]),
        "data": row["data"],
        "actor": _party(row, "actor"),
        "target": _target(row),
        "read_at": iso(row.get("read_at")),
        "archived_at": iso(row.get("archived_at")),
    }
    if row.get("silent"):
        data["silent"] = True
    if row.get("count", 1) > 1:
        data["count"] = row["count"]
    return data


def notification_data(row: Mapping[str, Any]) -> dict[str, Any]:
    """One notification as clients see it, by socket and by REST."""
    return {"id": row["id"], **common_data(row), "seq": row["seq"], "rev": row["rev"]}


def _party(row: Mapping[str, Any], role: str) -> dict[str, str] | None:
    text, url = row[f"{role}_text"], safe_link(row[f"{role}_url"])
    return {"text": text, "url": url} if text or url else None


def _target(row: Mapping[str, Any]) -> dict[str, str] | None:
    """With a ``key``, the same for all that is about one object: by it pages know what the person has muted."""
    target = _party(row, "target")
    if target and row.get("target_id"):
        target["key"] = f"{row['target_type_id']}:{row['target_id']}"
    return target


def notification_head(row: Mapping[str, Any]) -> str:
    """The part of a ``notification`` frame that is rendered once, however many people get it."""
    return f'{{"type":"notification","timestamp":"{now()}","data":{dumps(common_data(row))[:-1]},'


def notification_frame(head: str, *, pk: int, rev: int, unread_count: int) -> str:
    """Complete a head with one person's four numbers. A new notification's ``seq`` is its ``rev``."""
    return f'{head}"id":{pk},"seq":{rev},"rev":{rev},"unread_count":{unread_count}}}}}'


def whole_row(row: Mapping[str, Any], unread_count: int) -> str:
    """A row as replays and repairs send it, or its tombstone."""
    if row["deleted_at"]:
        return deleted(unread_count, row["rev"], ids=[row["id"]], replay=True)
    return frame("notification", {**notification_data(row), "unread_count": unread_count, "replay": True})


def updated(row: Mapping[str, Any], unread_count: int) -> str:
    return frame("notification_updated", {**notification_data(row), "unread_count": unread_count})


def _which(ids: Sequence[int] | None, up_to_seq: int | None) -> dict[str, Any]:
    if up_to_seq is not None:
        return {"up_to_seq": up_to_seq}
    return {"notification_ids": list(ids or ())}


def confirmation(
    unread_count: int, rev: int, *, read: bool, ids: Sequence[int] | None = None, up_to_seq: int | None = None
) -> str:
    which = _which(ids, up_to_seq)
    if ids is not None and len(ids) == 1:
        which = {"notification_id": ids[0]}
    return frame("notification_read_confirmation", {**which, "read": read, "rev": rev, "unread_count": unread_count})


def plain_confirmation(notification_id: int, *, read: bool, **extra: Any) -> str:
    """As the original has it: one id, no revision, so it moves nobody's cursor."""
    return frame("notification_read_confirmation", {"notification_id": notification_id, "read": read, **extra})


def deleted(
    unread_count: int,
    rev: int,
    *,
    ids: Sequence[int] | None = None,
    up_to_seq: int | None = None,
    replay: bool = False,
) -> str:
    data = {**_which(ids, up_to_seq), "rev": rev, "unread_count": unread_count}
    return frame("notification_deleted", {**data, "replay": True} if replay else data)


# -- the rest --------------------------------------------------------------------------------------------------


def seen(seen_seq: int, rev: int) -> str:
    return frame("seen", {"seen_seq": seen_seq, "rev": rev})


def unread_count(count: int, request_id: str | None = None) -> str:
    data: dict[str, Any] = {"unread_count": count}
    return frame("unread_count", data if request_id is None else {**data, "request_id": request_id})


def sync_complete(rev: int, seen_seq: int, unread: int) -> str:
    return frame("sync_complete", {"rev": rev, "seen_seq": seen_seq, "unread_count": unread})


def resync_required(reason: str, epoch: str, rev: int) -> str:
    return frame("resync_required", {"reason": reason, "epoch": epoch, "rev": rev})


def error(code: str, message: str, request_id: str | None = None) -> str:
    data = {"code": code, "message": message}
    return frame("error", data if request_id is None else {**data, "request_id": request_id})


def server_closing(retry_after_ms: int) -> str:
    return frame("server_closing", {"retry_after_ms": retry_after_ms})


def ping() -> str:
    return frame("ping")


def pong() -> str:
    return frame("pong")
