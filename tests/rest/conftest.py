"""Two people, and the four ways a request can come: a session, a key, the service key, nobody.

Numbering runs after a commit, so what is sent is listed only in tests with ``django_db(transaction=True)``.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from notifications.auth import keys
from notifications.inbox.services import send_notification

SERVICE_KEY = "the-service-key-of-this-test"


@pytest.fixture(autouse=True)
def _service_key(settings: Any) -> None:
    settings.NOTIFICATIONS = {"SERVICE_KEY": SERVICE_KEY}


@pytest.fixture
def ana(db: None) -> Any:
    return get_user_model().objects.create_user("ana", password="secret")


@pytest.fixture
def ben(db: None) -> Any:
    return get_user_model().objects.create_user("ben", password="secret")


@pytest.fixture
def client(ana: Any) -> APIClient:
    """Ana, by a key of hers."""
    return by_key(keys.issue(ana, "test")[1])


@pytest.fixture
def service() -> APIClient:
    """The service key, which names a user with each request that is about one."""
    return by_key(SERVICE_KEY)


def by_key(key: str) -> APIClient:
    return APIClient(HTTP_X_API_KEY=key)


def by_session(user: Any, **options: Any) -> APIClient:
    client = APIClient(**options)
    client.force_login(user)
    return client


def send(user: Any, count: int = 1, **content: Any) -> list[int]:
    """Send and return the ids, oldest first."""
    content = {"notification_type": "stock_alert", "subject": "Low stock", **content}
    return [send_notification(user, **content)["notification_id"] for _ in range(count)]


def ids(response: Any) -> list[int]:
    return [notification["id"] for notification in response.json()["notifications"]]
