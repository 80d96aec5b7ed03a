"""What requests carry: in the address, the query string, the headers and the body."""

from __future__ import annotations

from typing import Any

from .answers import schema
from .bodies import user_key_type
from .schemas import ID

REQUEST_ID: dict[str, Any] = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "Comes back and is in the log, unless it has other characters than letters, digits and `._:+/=@-`, "
    "or more than 128.",
    "schema": {"type": "string"},
}
NOTIFICATION_ID: dict[str, Any] = {"name": "notification_id", "in": "path", "required": True, "schema": ID}


def query(name: str, kind: dict[str, Any], description: str, *, required: bool = False) -> dict[str, Any]:
    """A parameter of the query string. Empty, it counts as absent, so it may be empty unless it is required."""
    how = {"required": True} if required else {"allowEmptyValue": True}
    return {"name": name, "in": "query", "description": description, "schema": kind, **how}


def switch(name: str, *, default: bool, description: str) -> dict[str, Any]:
    return query(name, {"type": "boolean", "default": default}, description)


def user_id() -> dict[str, Any]:
    return query("user_id", user_key_type(), "Whose inbox: required with the service key, else at most one's own.")


def body(name: str, *, required: bool) -> dict[str, Any]:
    return {"required": required, "content": {"application/json": {"schema": schema(name)}}}
