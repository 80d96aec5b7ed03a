"""Two people with a browser each, and what a browser sees."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from notifications import send_notification

HISTORY = "/notifications/"


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana")


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("luis")


@pytest.fixture
def browser(ana: Any) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def send(user: Any, *subjects: str, **options: Any) -> list[int]:
    kind = options.pop("notification_type", "system_alert")
    return [send_notification(user, kind, subject, **options)["notification_id"] for subject in subjects]


def html_of(browser: Client, query: str = "", status: int = 200) -> str:
    response = browser.get(HISTORY + query)
    assert response.status_code == status
    return response.content.decode()


def subjects(html: str) -> list[str]:
    return [unescape(text) for text in re.findall(r'data-field="subject"[^>]*>([^<]*)<', html)]


def link(html: str, text: str) -> str:
    return unescape(re.search(rf'<a [^>]*href="([^"]*)">{text}</a>', html)[1])
