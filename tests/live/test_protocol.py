"""Frames as text: pure functions."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notifications.live import protocol

ROW: dict[str, Any] = {
    "id": 5, "recipient_id": 1, "type": "stock_alert", "subject": "Löw \u2028 \"stock\"", "message": "</script>",
    "priority": "high", "url": "/stock/5", "data": {"left": 3}, "silent": False, "actor_text": "Ana",
    "actor_url": "/users/1", "target_text": "", "target_url": "", "seq": 7, "rev": 9, "counted": True,
    "created_at": datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC), "read_at": None, "archived_at": None,
    "deleted_at": None,
}  # fmt: skip


def test_the_envelope():
    for text in (protocol.ping(), protocol.unread_count(3), protocol.error("x", "y")):
        frame = json.loads(text)
        assert set(frame) <= {"type", "data", "timestamp"}
        assert datetime.fromisoformat(frame["timestamp"]).utcoffset() == timedelta(0)
    assert "data" not in json.loads(protocol.ping())


def test_a_spliced_frame_is_the_frame_rendered_at_once():
    head = protocol.notification_head(ROW)
    spliced = json.loads(protocol.notification_frame(head, pk=5, rev=7, unread_count=2))
    assert spliced["type"] == "notification"
    assert spliced["data"] == {**protocol.notification_data({**ROW, "rev": 7}), "unread_count": 2}


def test_what_stands_for_several_sends_says_how_many():
    assert "count" not in protocol.notification_data({**ROW, "count": 1})
    assert protocol.notification_data({**ROW, "count": 3})["count"] == 3


def test_a_target_has_a_key_where_it_was_an_object_and_not_a_text():
    said = {**ROW, "target_text": "Coffee", "target_type_id": 7, "target_id": "3"}
    assert protocol.notification_data(said)["target"] == {"text": "Coffee", "url": "", "key": "7:3"}
    assert protocol.notification_data({**said, "target_type_id": None, "target_id": ""})["target"] == {
        "text": "Coffee", "url": ""
    }  # fmt: skip


@given(st.text(), st.dictionaries(st.text(), st.text() | st.integers()))
def test_whatever_it_says_a_spliced_frame_is_json(subject, data):
    head = protocol.notification_head({**ROW, "subject": subject, "data": data})
    parsed = json.loads(protocol.notification_frame(head, pk=1, rev=2, unread_count=3))["data"]
    assert (parsed["subject"], parsed["data"], parsed["id"], parsed["seq"]) == (subject, data, 1, 2)


def test_a_row_in_a_replay_and_its_tombstone():
    row = json.loads(protocol.whole_row(ROW, 2))["data"]
    assert (row["replay"], row["seq"], row["rev"], row["unread_count"]) == (True, 7, 9, 2)
    stone = json.loads(protocol.whole_row({**ROW, "deleted_at": ROW["created_at"]}, 2))
    assert stone["type"] == "notification_deleted"
    assert stone["data"] == {"notification_ids": [5], "rev": 9, "unread_count": 2, "replay": True}


def test_silent_is_said_only_where_it_is_so():
    assert "silent" not in protocol.common_data(ROW)
    assert protocol.common_data({**ROW, "silent": True})["silent"] is True


def test_a_confirmation_names_one_many_or_all_up_to():
    def data(**which: Any) -> dict[str, Any]:
        return json.loads(protocol.confirmation(3, 8, read=True, **which))["data"]

    rest = {"read": True, "rev": 8, "unread_count": 3}
    assert data(ids=[4]) == {"notification_id": 4, **rest}
    assert data(ids=[4, 5]) == {"notification_ids": [4, 5], **rest}
    assert data(up_to_seq=6) == {"up_to_seq": 6, **rest}


def test_moments_are_utc_whatever_they_were():
    moment = datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert protocol.iso(moment) == protocol.iso(datetime(2026, 1, 2, 3, 4, 5)) == "2026-01-02T03:04:05Z"  # noqa: DTZ001
    assert protocol.iso(None) is None


def test_user_keys_on_the_wire():
    key = uuid.uuid4()
    assert (protocol.wire_key(7), protocol.wire_key(key), protocol.wire_key("x")) == (7, str(key), "x")
