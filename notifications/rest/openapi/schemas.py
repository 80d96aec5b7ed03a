"""What comes out. Fields may be added in later versions, so no object is closed."""

from __future__ import annotations

from typing import Any

from ...types import DeliveryChannel, Priority
from ..actions import ACTIONS
from ..collection import MAX_PER_PAGE
from ..parameters import LARGEST
from .answers import DETAIL, FIELD_ERRORS, schema

Schema = dict[str, Any]

ID: Schema = {"type": "integer", "minimum": 1, "maximum": LARGEST}
NUMBER: Schema = {"type": "integer", "minimum": 0, "maximum": LARGEST}
EPOCH: Schema = {"type": "string", "format": "uuid"}
TEXT: Schema = {"type": "string"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
MOMENT_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
PRIORITY: Schema = {"type": "string", "enum": list(Priority.values)}


def record(required: Schema, optional: Schema | None = None, **more: Any) -> Schema:
    """An object with these fields."""
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}, **more}


def described(base: Schema, description: str) -> Schema:
    return {**base, "description": description}


PARTY = described(
    {"anyOf": [schema("Party"), {"type": "null"}]}, "As it was when the notification was sent; it may be gone since."
)
SUMMARY: Schema = {
    "epoch": described(EPOCH, "Changes when the database went back; then load the list anew."),
    "rev": described(NUMBER, "The inbox's last change, from which `changes` goes on."),
    "seen_seq": described(NUMBER, "Everything up to this `seq` has been seen, not necessarily read."),
    "unread_count": NUMBER,
}
NOTIFICATION = record(
    {
        "id": ID,
        "type": TEXT,
        "subject": described(TEXT, "Plain text, like `message`; never HTML."),
        "message": TEXT,
        "priority": schema("Priority"),
        "created_at": MOMENT,
        "url": described(TEXT, "A path on this site, an `https://` address, or empty."),
        "data": described({"type": "object"}, "Whatever the sender put there."),
        "actor": PARTY,
        "target": described(
            {"anyOf": [schema("Target"), {"type": "null"}]}, "What it is about, as it was when it was sent."
        ),
        "read_at": MOMENT_OR_NULL,
        "read": {"type": "boolean"},
        "archived_at": MOMENT_OR_NULL,
        "seq": described(ID, "Its place in the inbox, which never changes."),
        "rev": described(ID, "Its last change."),
    },
    {
        "silent": described({"const": True}, "Listed and counted, but nothing should pop up."),
        "count": described({**NUMBER, "minimum": 2}, "How many sends it stands for, if it is more than one."),
    },
)
PAGE: Schema = {
    **record(
        {"notifications": {"type": "array", "maxItems": MAX_PER_PAGE, "items": schema("Notification")}, **SUMMARY},
        {
            "pagination": record(
                {
                    "current_page": ID,
                    "total_pages": NUMBER,
                    "total_items": NUMBER,
                    "per_page": {"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE},
                }
            ),
            "next_before": described({**ID, "type": ["integer", "null"]}, "The next `before`; null on the last page."),
        },
    ),
    "oneOf": [{"required": ["pagination"]}, {"required": ["next_before"]}],
}
CHANGES = record(
    {
        **SUMMARY,
        "rev": described(NUMBER, "The next `since`."),
        "notifications": described({"type": "array", "items": schema("Notification")}, "Insert or replace by `id`."),
        "deleted_ids": {"type": "array", "items": ID},
        "more": described({"type": "boolean"}, "Ask again at once."),
    },
)
RESYNC = record(
    {
        "resync_required": described(
            {"enum": ["epoch", "horizon", "too_far"]},
            "The database went back or this is another's number; changes since then may be purged; too many changed.",
        ),
        "epoch": EPOCH,
        "rev": NUMBER,
    },
    description="Load the list anew, and go on from the `rev` that it carries.",
)
SENT = record(
    {
        "success": {"const": True},
        "notification_id": described(
            {"anyOf": [ID, {"type": "null"}]}, "`null` where `send_at` is still to come: then there is none yet."
        ),
        "created": described(
            {"type": "boolean"},
            "False where `dedupe_key` was met again, or the notification with this `collapse_key` has counted on: the"
            " id is the first one's.",
        ),
        "channels_sent": {"type": "array", "items": schema("DeliveryChannel")},
        "channels_queued": {"type": "array", "items": schema("DeliveryChannel")},
        "channels_skipped": described(
            {"type": "object", "additionalProperties": TEXT}, "Delivery channels and why this person gets it there not."
        ),
        "errors": described({"type": "array", "items": TEXT}, "Delivery channels that this site does not have."),
        "batch_id": described({"anyOf": [ID, {"type": "null"}]}, "What is to be sent at `send_at`."),
    }
)
SENT_TO_MANY = record(
    {
        "batch_id": ID,
        "recipients": NUMBER,
        "created": NUMBER,
        "skipped": described(NUMBER, "Unknown users, and those who had the `dedupe_key` already."),
        "pending": described(NUMBER, "Still to be written; that goes on by itself."),
    }
)
DONE = record(
    {
        "action": {"type": "string", "enum": list(ACTIONS)},
        "changed": described(NUMBER, "How many notifications were not already so."),
        "notification_ids": described({"type": "array", "items": ID}, "Those asked for that are the user's own."),
        **SUMMARY,
    }
)


ANSWERED: Schema = {
    "Detail": DETAIL,
    "FieldErrors": FIELD_ERRORS,
    "Priority": PRIORITY,
    "DeliveryChannel": described(TEXT, "Of every site: " + ", ".join(DeliveryChannel) + "; a site may have others."),
    "Party": record({"text": TEXT, "url": TEXT}),
    "Target": record(
        {"text": TEXT, "url": TEXT}, {"key": described(TEXT, "The same for all that is about one object; opaque.")}
    ),
    "Notification": NOTIFICATION,
    "Page": PAGE,
    "Changes": CHANGES,
    "Resync": RESYNC,
    "UnreadCount": record({"unread_count": NUMBER}),
    "MarkedRead": record({"updated_count": NUMBER, "unread_count": NUMBER}),
    "Seen": record({"seen_seq": NUMBER}),
    "Deleted": record({"deleted_count": NUMBER}),
    "Sent": SENT,
    "SentToMany": SENT_TO_MANY,
    "Done": DONE,
}
