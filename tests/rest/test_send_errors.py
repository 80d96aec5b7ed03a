"""Every field of a send that is wrong is named, and nothing is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Batch, Notification

from .test_send import SEND, content

pytestmark = pytest.mark.django_db

HALF_A_PAIR = "\ud800"
JUNK = [
    *[
        ("user_id", value)
        for value in (None, "", "abc", 2**70, -2, 1.5, True, [1], {"a": 1}, "\0", HALF_A_PAIR, 999_999)
    ],
    *[("user_ids", value) for value in ([], "1", {}, None, 5, [None], ["abc"], [[1]], [2**70], ["\0"] * 1000)],
    *[("notification_type", value) for value in ("nope", "", None, 5, [], {}, "x" * 101, "\0", HALF_A_PAIR)],
    *[("subject", value) for value in ("", "  ", None, [], {"a": 1}, True, "x" * 256, "\0", HALF_A_PAIR)],
    *[("message", value) for value in (None, [], {}, "\0", HALF_A_PAIR, "x" * 100_001)],
    *[("channels", value) for value in ("email", 5, {"a": 1}, [1], [None], ["pigeon"], [["email"]], [HALF_A_PAIR])],
    *[("priority", value) for value in ("urgent", "", 5, [], {}, "\0", HALF_A_PAIR, "x" * 10_000)],
    *[("data", value) for value in ([], "text", 5, {"a": "\0"}, {"\0": 1}, {"a": HALF_A_PAIR}, {"a": 1e999})],
    *[("url", value) for value in ("javascript:alert(1)", "http://a", "//a", "https://[", 5, [], "/\0", "/" * 2001)],
    *[("expires_at", value) for value in ("tomorrow", 5, [], {}, "", "2026-13-01T00:00:00", "\0", HALF_A_PAIR)],
    *[("expires_at", value) for value in ("0001-01-01T00:00:00+14:00", "0999-01-01T00:00:00Z", "9999-12-31T23:59:59Z")],
    *[("dedupe_key", value) for value in ("", [], {}, "x" * 201, "\0", HALF_A_PAIR)],
]


@pytest.mark.parametrize(("field", "value"), JUNK)
def test_400_names_the_field(service: APIClient, ana: Any, field: str, value: Any) -> None:
    recipient = {} if field == "user_ids" else {"user_id": ana.pk}
    # Escaped as any client may, which test clients' own format="json" cannot.
    body = json.dumps({**content(**recipient), field: value}).replace("Infinity", "1e999")
    response = service.post(SEND, body, content_type="application/json")
    assert (response.status_code, list(response.json())) == (400, [field])
    sentences = response.json()[field]
    assert 1 <= len(sentences) <= 5
    assert all(0 < len(sentence) <= 500 for sentence in sentences)
    assert not Notification.objects.exists()
    assert not Batch.objects.exists()
