"""What a browser sees."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.test import Client

from notifications import send_notification

HISTORY = "/notifications/"


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
