"""Sends from within the server process, so that what is sent is live at once: between processes, without Redis, it
takes the reconciler's two seconds.
"""

from __future__ import annotations

from typing import Any

import httpx

from notifications.live.protocol import wire_key
from tests.live_site import SERVICE_KEY


class Door:
    """``door.send(ana, "Subject", message="…", priority="high", url="/…")`` returns the notification's id."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"X-API-Key": SERVICE_KEY}, timeout=30)

    def send(self, user: Any, subject: str, **content: Any) -> int:
        body = {"user_id": wire_key(user.pk), "notification_type": "order_ready", "subject": subject, **content}
        answer = self._http.post("/api/notifications/send", json=body)
        return answer.raise_for_status().json()["notification_id"]

    def send_some(self, user: Any, number: int, *, subject: str = "Number {}", **content: Any) -> list[int]:
        """``Number 1`` is the oldest."""
        return [self.send(user, subject.format(each), **content) for each in range(1, number + 1)]

    def close(self) -> None:
        self._http.close()
