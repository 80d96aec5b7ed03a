from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from .models import Notification


class NotificationConsumer(AsyncWebsocketConsumer):
    group = ""

    async def connect(self) -> None:
        query = parse_qs(self.scope["query_string"].decode())
        if query.get("api_key", [""])[0] != os.environ.get("DASHBOARD_API_KEY", "dev"):
            await self.close(code=1008)
            return
        self.user_id = int(query["user_id"][0])
        self.group = f"user_{self.user_id}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.say("connection_established", user_id=self.user_id)

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
        content = json.loads(text_data)
        if content["type"] == "mark_read":
            await self.mark_read(content["notification_id"])
            await self.say("notification_read_confirmation", notification_id=content["notification_id"], read=True)
        elif content["type"] == "get_unread_count":
            await self.say("unread_count", unread_count=await self.unread_count())
        elif content["type"] == "ping":
            await self.say("pong")

    async def notification(self, event: dict[str, Any]) -> None:
        await self.say("notification", **event["data"])

    async def say(self, kind: str, **data: Any) -> None:
        await self.send(text_data=json.dumps({"type": kind, "data": data}))

    @database_sync_to_async
    def mark_read(self, notification_id: int) -> None:
        Notification.objects.filter(pk=notification_id, user_id=self.user_id).update(is_read=True)

    @database_sync_to_async
    def unread_count(self) -> int:
        return Notification.objects.filter(user_id=self.user_id, is_read=False).count()
