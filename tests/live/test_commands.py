"""What clients may say, checked before anything is done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.live import protocol
from notifications.live.commands import Command, JunkFrame, parse

LIMITS = {"max_bytes": 16_384, "max_depth": 10, "max_ids": 500}


def code_of(text: str | None) -> str:
    with pytest.raises(JunkFrame) as caught:
        parse(text, **LIMITS)
    return caught.value.code


def said(**fields: Any) -> str:
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (said(type="ping"), Command("ping")),
        (said(type="pong"), Command("pong")),
        (said(type="get_unread_count", request_id="r1"), Command("get_unread_count", request_id="r1")),
        (said(type="mark_read", notification_id=456), Command("mark_read", ids=[456])),
        (said(type="mark_read", notification_ids=[1, 2]), Command("mark_read", ids=[1, 2])),
        (said(type="mark_read", up_to_seq=7), Command("mark_read", up_to_seq=7)),
        (said(type="mark_unread", notification_id=1), Command("mark_unread", ids=[1])),
        (said(type="archive", notification_ids=[1]), Command("archive", ids=[1])),
        (said(type="unarchive", notification_id=1), Command("unarchive", ids=[1])),
        (said(type="delete", notification_id=1), Command("delete", ids=[1])),
        (said(type="mark_all_read"), Command("mark_all_read")),
        (said(type="mark_all_read", up_to_seq=0), Command("mark_all_read", up_to_seq=0)),
        (said(type="mark_seen", up_to_seq=9), Command("mark_seen", up_to_seq=9)),
        (said(type="sync", since=3, epoch="e"), Command("sync", since=3, epoch="e")),
        (said(type="mark_read", notification_id=2**63 - 1), Command("mark_read", ids=[2**63 - 1])),
        (said(type="mark_read", notification_id=1, more={"x": []}), Command("mark_read", ids=[1])),
    ],
)
def test_each_command(text, command):
    assert parse(text, **LIMITS) == command


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "binary"),
        ("", "not_json"),
        ("{", "not_json"),
        ('{"type": NaN}', "not_json"),
        ('{"type": "sync", "since": Infinity, "epoch": ""}', "not_json"),
        ('{"type": "mark_read", "notification_id": ' + "9" * 5_000 + "}", "not_json"),
        ('{"type": "ping", "type": "pong"}', "duplicate_key"),
        ('{"type": "pong", "more": {"a": 1, "a": 1}}', "duplicate_key"),
        ("[]", "not_an_object"),
        ('"ping"', "not_an_object"),
        ("null", "not_an_object"),
        ("{}", "no_type"),
        ('{"type": null}', "no_type"),
        ('{"type": 1}', "unknown_type"),
        ('{"type": ["ping"]}', "unknown_type"),
        ('{"type": "notification"}', "unknown_type"),
        ('{"type": "PING"}', "unknown_type"),
        (said(type="mark_read"), "invalid_id"),
        (said(type="mark_unread", up_to_seq=3), "invalid_id"),
        (said(type="mark_all_read", up_to_seq=-1), "invalid_seq"),
        (said(type="mark_all_read", up_to_seq="1"), "invalid_seq"),
        (said(type="mark_seen"), "invalid_seq"),
        (said(type="mark_seen", up_to_seq=True), "invalid_seq"),
        (said(type="sync"), "invalid_cursor"),
        (said(type="sync", since=1), "invalid_cursor"),
        (said(type="sync", since=-1, epoch="e"), "invalid_cursor"),
        (said(type="sync", since=1, epoch="e" * 65), "invalid_cursor"),
        (said(type="ping", request_id=1), "invalid_request_id"),
        (said(type="ping", request_id="x" * 65), "invalid_request_id"),
        (r'{"type": "ping", "request_id": "\ud800"}', "invalid_request_id"),
        (said(type="mark_read", notification_ids=list(range(1, 502))), "too_many_ids"),
        (said(type="ping", more="x" * 16_384), "too_large"),
        ('{"type": "ping", "more": "' + "é" * 8_200 + '"}', "too_large"),
        ("[" * 11 + "]" * 11, "too_deep"),
        ("[" * 5_000, "too_deep"),
        ('{"a":' * 11 + "1" + "}" * 11, "too_deep"),
    ],
)
def test_junk_has_a_code(text, code):
    assert code_of(text) == code


@pytest.mark.parametrize(
    "wrong", [True, False, 1.0, 1e300, "1", "", -1, 0, 2**63, 10**400, [1], {}, [None], [True], [[1]], None]
)
def test_a_wrong_id(wrong):
    assert code_of(said(type="mark_read", notification_id=wrong)) == "invalid_id"
    if wrong is not None and wrong != [1]:
        assert code_of(said(type="mark_read", notification_ids=wrong)) == "invalid_id"


@pytest.mark.parametrize(
    "text", ["[" * 10 + "]" * 10, '{"type": "' + "[{" * 50 + '"}', '{"type": "\\"' + "[" * 50 + '"}']
)
def test_ten_levels_are_allowed_and_brackets_in_text_are_none(text):
    assert code_of(text) in {"not_an_object", "unknown_type"}


def test_junk_says_whose_it_was():
    with pytest.raises(JunkFrame) as caught:
        parse(said(type="mark_read", notification_id="x", request_id="r7"), **LIMITS)
    assert caught.value.request_id == "r7"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
kinds = st.sampled_from(["ping", "mark_read", "mark_unread", "delete", "mark_all_read", "mark_seen", "sync", "x"])
fields = st.dictionaries(
    st.sampled_from(["notification_id", "notification_ids", "up_to_seq", "since", "epoch", "request_id", "type"]),
    json_values,
)


@given(st.text(st.characters()) | st.builds(lambda kind, more: json.dumps({"type": kind, **more}), kinds, fields))
@example('{"type": "ping", "request_id": "\\udfff"}')
@example("\ud800")
def test_any_text_is_a_command_or_junk_and_its_answer_can_be_sent(text):
    try:
        command = parse(text, **LIMITS)
    except JunkFrame as junk:
        answer = protocol.error(junk.code, junk.message, junk.request_id)
    else:
        answer = protocol.unread_count(0, command.request_id)
        assert all(0 < pk < 2**63 for pk in command.ids or ())
    answer.encode()  # what a server does with it
