from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from notifications.models import Inbox


@pytest.fixture
def luis(db: None) -> Any:
    return get_user_model().objects.create_user("luis")


@pytest.fixture
def admin(db: None) -> Client:
    """A browser in which a superuser is logged in."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


def unread_count(user: Any) -> int:
    return Inbox.objects.get(pk=user.pk).unread_count
