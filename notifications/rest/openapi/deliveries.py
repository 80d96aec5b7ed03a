"""The answer to "why?": what it is, and the operation that asks."""

from __future__ import annotations

from typing import Any

from ...delivery.explain import NOT_ASKED, SILENT
from ...models import Reason, Status
from .answers import answer, refusals, schema
from .operation import FOR_ONE, Operation, operation
from .parameters import NOTIFICATION_ID, REQUEST_ID, user_id
from .schemas import ID, MOMENT_OR_NULL, NUMBER, TEXT, Schema, described, record

ADDRESS = "/api/notifications/{notification_id}/deliveries"

EXPLANATION = record(
    {
        "channel": described(TEXT, "The name of the delivery channel."),
        "label": described(TEXT, "What people call it."),
        "status": {"type": "string", "enum": list(Status.values)},
        "status_label": TEXT,
        "reason": described(
            {"type": "string", "enum": ["", *Reason.values, SILENT, NOT_ASKED]}, "Why it is as it is; often empty."
        ),
        "text": described(TEXT, "Status and reason as a sentence, in the language of the request."),
        "attempts": NUMBER,
        "created_at": described(MOMENT_OR_NULL, "When it was decided; null for a channel that nobody asked for."),
        "due_at": described(MOMENT_OR_NULL, "When the next attempt is due, while it waits."),
        "finished_at": MOMENT_OR_NULL,
        "answer": described(
            TEXT,
            "What the provider said last, for the service key and members of staff. Others get it only of what was "
            "sent, on channels that make it public.",
        ),
        "digest": described({"type": "boolean"}, "Whether it comes, or came, together with others."),
    }
)


def delivery_paths() -> dict[str, Any]:
    return {ADDRESS: {"parameters": [REQUEST_ID, user_id(), NOTIFICATION_ID], "get": _explain()}}


def delivery_schemas() -> Schema:
    deliveries = {"type": "array", "items": schema("Explanation")}
    return {"Explanation": EXPLANATION, "Deliveries": record({"notification_id": ID, "deliveries": deliveries})}


def _explain() -> Operation:
    return operation(
        "explainNotification",
        "Why it reached the person by each delivery channel, or did not",
        {"200": answer("One for each delivery channel.", schema("Deliveries")), **refusals(*FOR_ONE)},
    )
