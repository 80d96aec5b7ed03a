"""One operation: what all of them have in common."""

from __future__ import annotations

from typing import Any

from .security import REQUIRED_TO_CHANGE

Operation = dict[str, Any]

FOR_ONE = (400, 401, 403, 404, 429, 503)  # about one user's inbox
WITH_BODY = (413, 415)


def operation(name: str, summary: str, answers: dict[str, Any], **more: Any) -> Operation:
    return {"operationId": name, "summary": summary, **more, "responses": answers}


def change(name: str, summary: str, answers: dict[str, Any], **more: Any) -> Operation:
    return operation(name, summary, answers, security=REQUIRED_TO_CHANGE, **more)


def go_on(name: str, user: str, **parameters: str) -> dict[str, Any]:
    """A link: values of this answer are parameters of that operation."""
    taken = {key: f"$response.body#/{place}" for key, place in parameters.items()}
    return {"operationId": name, "parameters": {"user_id": user, **taken}}
