"""The addresses, and what each method of theirs takes and answers."""

from __future__ import annotations

from typing import Any

from ..collection import MAX_PER_PAGE, STATUS
from .answers import answer, refusals, schema
from .bodies import NO_NUL, POSITION
from .deliveries import delivery_paths
from .operation import FOR_ONE, WITH_BODY, Operation, change, go_on, operation
from .parameters import NOTIFICATION_ID, REQUEST_ID, body, query, switch, user_id
from .preferences import preference_paths
from .push import push_paths
from .schemas import PRIORITY

ROOT = "/api/notifications"
ONE = f"{ROOT}/{{notification_id}}"

OF_THE_SAME = "$request.query.user_id"


def paths() -> dict[str, Any]:
    return {
        ROOT: {"parameters": [REQUEST_ID, user_id()], "get": _list(), "delete": _delete_all()},
        f"{ROOT}/actions": {"parameters": [REQUEST_ID, user_id()], "post": _act()},
        f"{ROOT}/changes": {"parameters": [REQUEST_ID, user_id()], "get": _changes()},
        f"{ROOT}/mark-all-read": {"parameters": [REQUEST_ID, user_id()], "post": _mark_all_read()},
        f"{ROOT}/mark-seen": {"parameters": [REQUEST_ID, user_id()], "post": _mark_seen()},
        f"{ROOT}/metrics": {"parameters": [REQUEST_ID], "get": _metrics()},
        f"{ROOT}/schema": {"parameters": [REQUEST_ID], "get": _schema()},
        f"{ROOT}/send": {"parameters": [REQUEST_ID], "post": _send()},
        f"{ROOT}/unread-count": {"parameters": [REQUEST_ID, user_id()], "get": _unread_count()},
        ONE: {"parameters": [REQUEST_ID, user_id(), NOTIFICATION_ID], "get": _get(), "delete": _delete()},
        f"{ONE}/archive": {
            "parameters": [REQUEST_ID, user_id(), NOTIFICATION_ID],
            "put": _put("archive", "archived", "Archive it, or bring it back. Archived means read."),
        },
        f"{ONE}/mark-as-read": {
            "parameters": [REQUEST_ID, user_id(), NOTIFICATION_ID],
            "put": _put("markAsRead", "read", "Mark it read or unread."),
        },
        **delivery_paths(),
        **preference_paths(),
        **push_paths(),
    }


def _list() -> Operation:
    first = {"notification_id": "notifications/0/id"}
    links = {
        "newest": go_on("getNotification", OF_THE_SAME, **first),
        "readTheNewest": go_on("markAsRead", OF_THE_SAME, **first),
        "archiveTheNewest": go_on("archive", OF_THE_SAME, **first),
        "deleteTheNewest": go_on("deleteNotification", OF_THE_SAME, **first),
        "explainTheNewest": go_on("explainNotification", OF_THE_SAME, **first),
        "changes": go_on("getChanges", OF_THE_SAME, since="rev", epoch="epoch"),
    }
    return operation(
        "listNotifications",
        "Newest first, by page or below a place",
        {"200": answer("A page; one after the last is empty.", schema("Page"), links=links), **refusals(*FOR_ONE)},
        description="Whoever goes on from the `rev` of the answer may hear of a row again, and misses none.",
        parameters=[
            query("status", {"type": "string", "enum": list(STATUS), "default": "all"}, "Read, unread or both."),
            switch("archived", default=False, description="The archived ones instead of the others."),
            query("type", {"type": "string", "pattern": NO_NUL}, "Of this type only."),
            query("priority", PRIORITY, "Of this priority only."),
            query("page", {"type": "integer", "minimum": 1, "default": 1}, "Ignored where there is `before`."),
            query(
                "before",
                POSITION,
                "Go on below this `seq` without counting, so that nothing is shown twice or left out while new ones "
                "arrive. Empty, it begins at the top.",
            ),
            query("per_page", {"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE, "default": 20}, "How many."),
        ],
    )


def _delete_all() -> Operation:
    return change(
        "deleteAllNotifications",
        "Delete everything, archived or not",
        {"200": answer("How many there were.", schema("Deleted")), **refusals(*FOR_ONE)},
    )


def _get() -> Operation:
    return operation(
        "getNotification",
        "One notification",
        {"200": answer("The notification.", schema("Notification")), **refusals(*FOR_ONE)},
    )


def _delete() -> Operation:
    return change(
        "deleteNotification",
        "Delete one notification",
        {"200": answer("From now on it is a 404.", schema("Deleted")), **refusals(*FOR_ONE)},
    )


def _put(name: str, parameter: str, summary: str) -> Operation:
    return change(
        name,
        summary,
        {"200": answer("The notification as it is then.", schema("Notification")), **refusals(*FOR_ONE)},
        parameters=[switch(parameter, default=True, description="Which of the two.")],
    )


def _unread_count() -> Operation:
    return operation(
        "getUnreadCount",
        "How many are unread",
        {"200": answer("The number.", schema("UnreadCount")), **refusals(*FOR_ONE)},
    )


def _changes() -> Operation:
    links = {"goOn": go_on("getChanges", OF_THE_SAME, since="rev", epoch="epoch")}
    return operation(
        "getChanges",
        "What changed since a client last looked",
        {
            "200": answer(
                "The changes, or that they cannot be told. Both are a 200, since nothing failed: a client that retries "
                "or reports errors must not take the second for one.",
                {"oneOf": [schema("Changes"), schema("Resync")]},
                links=links,
            ),
            **refusals(*FOR_ONE),
        },
        parameters=[
            query("since", POSITION, "The `rev` of the last answer.", required=True),
            query("epoch", {"type": "string", "minLength": 1}, "The `epoch` beside it.", required=True),
        ],
    )


def _act() -> Operation:
    return change(
        "act",
        "Do something with notifications",
        {
            "200": answer("What was done, and where the inbox stands now.", schema("Done")),
            **refusals(*FOR_ONE, *WITH_BODY),
        },
        description="Ids that are unknown or belong to others are ignored. Every action may be repeated.",
        requestBody=body("Action", required=True),
    )


def _mark_all_read() -> Operation:
    return change(
        "markAllRead",
        "Mark everything read, or everything up to a place",
        {"200": answer("How many there were.", schema("MarkedRead")), **refusals(*FOR_ONE, *WITH_BODY)},
        requestBody=body("UpToOrAll", required=False),
    )


def _mark_seen() -> Operation:
    return change(
        "markSeen",
        "Remember what the person has seen, not necessarily read",
        {
            "200": answer("How far they have seen; it never goes back.", schema("Seen")),
            **refusals(*FOR_ONE, *WITH_BODY),
        },
        requestBody=body("UpTo", required=True),
    )


def _send() -> Operation:
    first = {"notification_id": "notification_id"}
    recipient = "$request.body#/user_id"
    links = {
        "notification": go_on("getNotification", recipient, **first),
        "read": go_on("markAsRead", recipient, **first),
        "archive": go_on("archive", recipient, **first),
        "delete": go_on("deleteNotification", recipient, **first),
        "explain": go_on("explainNotification", recipient, **first),
    }
    return change(
        "send",
        "Send to one person or to many",
        {
            "200": answer("This `dedupe_key` was met before, or `collapse_key` has counted on.", schema("Sent")),
            "201": answer("Sent.", {"oneOf": [schema("Sent"), schema("SentToMany")]}, links=links),
            "202": answer("To be sent at `send_at`.", schema("Sent")),
            **refusals(400, 401, 403, 413, 415, 429, 503),
        },
        description="For the service key, and for users with the permission `notifications.add_notification`.",
        requestBody=body("Send", required=True),
    )


def _metrics() -> Operation:
    return operation(
        "getMetrics",
        "The counters of the process that answers",
        {
            "200": answer("Prometheus' text format.", {"type": "string"}, media_type="text/plain"),
            **refusals(400, 401, 403, 429, 503),
            "501": answer("The site lacks the extra `prometheus`.", schema("Detail")),
        },
        description="For the service key, and for members of staff by their session.",
    )


def _schema() -> Operation:
    return operation(
        "getSchema",
        "This document",
        {"200": answer("OpenAPI 3.1.", {"type": "object"}), **refusals(400, 401, 403, 429, 503)},
    )
