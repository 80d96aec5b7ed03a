from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db.models.signals import post_save
from django.dispatch import receiver

from .models import Notification


@receiver(post_save, sender=Notification)
def broadcast(sender: Any, instance: Notification, created: bool, **kwargs: Any) -> None:
    if created:
        data = {"id": instance.pk, "subject": instance.subject, "message": instance.message}
        async_to_sync(get_channel_layer().group_send)(
            f"user_{instance.user_id}", {"type": "notification", "data": data}
        )
