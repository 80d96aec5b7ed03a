"""The browsers and devices that get push messages."""

from __future__ import annotations

from typing import Any

from ...delivery.devices import AUTH, MOST_DEVICES, MOST_ENDPOINT, P256DH, push_channel
from ...delivery.push_services import endpoint_pattern
from .answers import answer, refusals, schema
from .operation import FOR_ONE, WITH_BODY, Operation, change, operation
from .parameters import REQUEST_ID, body, query, user_id
from .schemas import ID, MOMENT, MOMENT_OR_NULL, TEXT, Schema, described, record

ADDRESS = "/api/push-subscriptions"
DEVICE = record(
    {
        "id": ID,
        "device": described(TEXT, "Such as `Firefox · Linux`; empty where nothing is known."),
        "endpoint_hash": described(TEXT, "The SHA-256 of the endpoint, by which a browser knows its own."),
        "created_at": MOMENT,
        "last_sent_at": MOMENT_OR_NULL,
    }
)
DEVICES = record(
    {
        "public_key": described(TEXT, "What a browser needs to subscribe; empty where the site has no push."),
        "subscriptions": {"type": "array", "maxItems": MOST_DEVICES, "items": schema("PushSubscription")},
    }
)


def push_paths() -> dict[str, Any]:
    parameters = [REQUEST_ID, user_id()]
    return {ADDRESS: {"parameters": parameters, "get": _list(), "post": _subscribe(), "delete": _unsubscribe()}}


def push_schemas() -> Schema:
    """Made anew each time: which push services there are, is the site's own."""
    return {"PushSubscription": DEVICE, "PushSubscriptions": DEVICES, "NewPushSubscription": _new()}


def _list() -> Operation:
    return operation(
        "listPushSubscriptions",
        "Where the person gets push messages",
        {"200": answer("Every browser and device.", schema("PushSubscriptions")), **refusals(*FOR_ONE)},
    )


def _subscribe() -> Operation:
    return change(
        "addPushSubscription",
        "Send push messages to a browser",
        {
            "200": answer("It was known, and may have other keys now.", schema("PushSubscription")),
            "201": answer("From now on.", schema("PushSubscription")),
            **refusals(*FOR_ONE, *WITH_BODY),
        },
        description=f"Whoever had it before has it no more. Of more than {MOST_DEVICES} the oldest goes.",
        requestBody=body("NewPushSubscription", required=True),
    )


def _unsubscribe() -> Operation:
    return change(
        "removePushSubscription",
        "Send none there any more",
        {
            "200": answer("How many there were: one, or none.", record({"deleted_count": {"enum": [0, 1]}})),
            **refusals(*FOR_ONE),
        },
        parameters=[query("id", {"type": "integer", "minimum": 1}, "Which.", required=True)],
    )


def _new() -> Schema:
    channel = push_channel()
    endpoint: Schema = {
        "type": "string",
        "maxLength": MOST_ENDPOINT,
        "pattern": f"^{endpoint_pattern(tuple(channel.options['HOSTS']) if channel else ())}$",
        "description": "At a push service that the site knows.",
    }
    p256dh: Schema = {"type": "string", "pattern": f"^{P256DH}$"}
    auth: Schema = {"type": "string", "pattern": f"^{AUTH}$"}
    keys = record({"p256dh": p256dh, "auth": auth})
    return record({"endpoint": endpoint, "keys": keys}, description="As `PushSubscription.toJSON()` returns it.")
