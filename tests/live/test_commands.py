"""What clients may say, checked before anything is done."""

from __future__ import annotations

import json
import os
import time
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.live import protocol
from notifications.live.commands import LARGEST, Command, JunkFrame, Opening, parse, parse_opening

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


JUNK = [
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
]


@pytest.mark.parametrize(("text", "code"), JUNK)
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


# -- whatever is said --------------------------------------------------------------------------------------------

whatever = settings(max_examples=2_000 if os.environ.get("LONG") == "1" else 100)


@cache
def messages() -> dict[str, str]:
    """One sentence for each code, so that none can repeat what was sent."""
    found = {}
    for text, code in JUNK:
        with pytest.raises(JunkFrame) as caught:
            parse(text, **LIMITS)
        found[code] = caught.value.message
    return found


def check(text: str | None) -> Command | None:
    """Parse; a command is in range and says the same again, and what is junk has an answer that can be sent."""
    command, junk = None, None
    try:
        command = parse(text, **LIMITS)
    except JunkFrame as caught:
        junk = caught
    if junk is not None:
        assert junk.message == messages()[junk.code]
        request_id = junk.request_id
        answer = protocol.error(junk.code, junk.message, request_id)
    elif command is not None:
        request_id = command.request_id
        answer = protocol.unread_count(0, request_id)
        assert command.ids is None or len(command.ids) <= 500
        assert all(type(pk) is int and 0 < pk <= LARGEST for pk in command.ids or ())
        for number in (command.up_to_seq, command.since):
            assert number is None or (type(number) is int and 0 <= number <= LARGEST)
        assert len(command.epoch) <= 64
        assert parse(frame_of(command), **LIMITS) == command
    assert request_id is None or (type(request_id) is str and len(request_id) <= 64)
    # What a server does with it.
    assert json.loads(answer.encode())["data"].get("request_id") == request_id
    return command


def frame_of(command: Command) -> str:
    fields = {"type": command.type, "notification_ids": command.ids, "up_to_seq": command.up_to_seq}
    return said(**fields, since=command.since, epoch=command.epoch, request_id=command.request_id)


any_text = st.text(st.characters(), max_size=70)  # half surrogate pairs included
any_number = st.integers() | st.sampled_from([0, 1, LARGEST, LARGEST + 1, -LARGEST, 10**400, -(10**4_299)])
any_json = st.recursive(
    st.none() | st.booleans() | any_number | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=6,
)
FIELDS = ["notification_id", "notification_ids", "up_to_seq", "since", "epoch", "request_id", "type"]
ids = st.integers(1, LARGEST)
seqs = st.integers(0, LARGEST)
one_or_many = st.fixed_dictionaries({"notification_id": ids}) | st.fixed_dictionaries(
    {"notification_ids": st.lists(ids, max_size=500)}
)
seq = st.fixed_dictionaries({"up_to_seq": seqs})
BODIES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    **dict.fromkeys(("ping", "pong", "get_unread_count"), st.just({})),
    **dict.fromkeys(("mark_unread", "archive", "unarchive", "delete"), one_or_many),
    "mark_read": one_or_many | seq,
    "mark_all_read": seq | st.just({}),
    "mark_seen": seq,
    "sync": st.fixed_dictionaries({"since": seqs, "epoch": st.text(max_size=64)}),
}
KINDS = sorted(BODIES)
valid_frames = st.sampled_from(KINDS).flatmap(
    lambda kind: st.builds(
        lambda body, extra: {**extra, "type": kind, **body},
        BODIES[kind],
        st.fixed_dictionaries({}, optional={"request_id": st.text(max_size=64), "more": st.text(max_size=20)}),
    )
)
# Fields in any order, twice, of any kind, as json.dumps() never writes them.
raw_objects = st.lists(st.tuples(st.sampled_from(FIELDS) | any_text, any_json), max_size=6).map(
    lambda pairs: "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in pairs) + "}"
)
TOKENS = ['"', "\\", "\\u", "\\ud800", "\ud800", "\0", "{", "}", "[", "]", ",", ":", "NaN", "1e999", "-", "9" * 5_000,
          "\ufeff", " ", "null", "/*", "[" * 11, '"type":"ping",']  # fmt: skip


@st.composite
def mutated_frames(draw: st.DrawFn) -> str:
    text = json.dumps(draw(valid_frames), ensure_ascii=draw(st.booleans()))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 5)))
        text = text[:start] + draw(st.sampled_from(TOKENS) | any_text) + text[end:]
    return text


def test_each_known_type_is_tried() -> None:
    assert sorted(messages()["unknown_type"].removeprefix("Known types: ").rstrip(".").split(", ")) == KINDS


@whatever
@given(any_text | any_json.map(json.dumps) | raw_objects)
@example("\ud800")
@example('{"type": "ping", "request_id": "\\udfff"}')
@example('{"type": "ping", "request_id": "\\u0000"}')
@example('{"type": "sync", "since": 0, "epoch": "\\ud800"}')
@example('{"type": "mark_read", "notification_id": 1e400}')
@example('{"type": "mark_read", "notification_id": -0}')
@example('{"type": "mark_read", "notification_ids": []}')
def test_any_text_is_a_command_or_junk(text: str) -> None:
    check(text)


@whatever
@given(mutated_frames())
def test_a_damaged_frame_is_a_command_or_junk(text: str) -> None:
    check(text)


@whatever
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS[:-1]), any_json))
def test_a_known_type_with_any_fields_is_a_command_or_junk(kind: str, fields: dict[str, Any]) -> None:
    check(said(type=kind, **fields))


@whatever
@given(valid_frames, st.booleans())
def test_a_valid_frame_is_the_command_that_it_says(fields: dict[str, Any], escaped: bool) -> None:
    command = check(json.dumps(fields, ensure_ascii=escaped))
    assert command is not None
    one = fields.get("notification_id")
    assert command.ids == (fields.get("notification_ids") if one is None else [one])
    assert (command.type, command.request_id) == (fields["type"], fields.get("request_id"))
    assert (command.up_to_seq, command.since) == (fields.get("up_to_seq"), fields.get("since"))
    assert command.epoch == fields.get("epoch", "")


@given(st.integers(0, 20), st.integers(0, 12), st.sampled_from([("[", "]"), ('{"a":', "}")]))
def test_the_limits_of_size_and_depth(more: int, depth: int, brackets: tuple[str, str]) -> None:
    """Exact to the byte and to the level."""
    opening, closing = brackets
    frame = '{"type":"ping","more":' + opening * depth + "1" + closing * depth + "}"
    size = len(frame) + more
    padded = frame.ljust(size)
    code = "too_large" if more > 10 else "too_deep" if depth + 1 > 10 else None
    limits = {**LIMITS, "max_bytes": len(frame) + 10}
    if code is None:
        assert parse(padded, **limits) == Command("ping")
        return
    with pytest.raises(JunkFrame) as caught:
        parse(padded, **limits)
    assert caught.value.code == code


COSTLY = {
    "open lists": "[" * 16_384,
    "open objects": '{"a":' * 3_276,
    "empty lists": "[" + "[]," * 5_000 + "[]]",
    "brackets in a string": '"' + "[{" * 8_191 + '"',
    "backslashes": '"' + "\\" * 16_382 + '"',
    "an open string of backslashes": '"' + "\\" * 16_383,
    "quotes": '"' * 16_384,
    "escapes": '"' + "\\ud800" * 2_730 + '"',
    "spaces": " " * 16_384,
    "digits": "9" * 4_300,
    "a number of 16,000 digits": "9" * 16_384,
    "a fraction of 16,000 digits": "0." + "9" * 16_382,
    "many fields": "{" + ",".join(f'"{number}":0' for number in range(1_600)) + "}",
    "one field many times": "{" + ",".join(['"a":0'] * 2_700) + "}",
    "many ids": said(type="delete", notification_ids=[1] * 5_400),
    "many lists of ids": said(type="delete", notification_ids=[[]] * 4_000),
}


@pytest.mark.parametrize("name", COSTLY)
@pytest.mark.parametrize("max_depth", [10, 1_000_000])
def test_the_largest_frames_cost_milliseconds(name: str, max_depth: int) -> None:
    """Whatever the depth that a site allows: a parser that runs out of stack says so."""
    text = COSTLY[name]
    assert len(text) <= LIMITS["max_bytes"]
    seconds = []
    for _ in range(3):
        started = time.thread_time()
        with pytest.raises(JunkFrame):
            parse(text, **{**LIMITS, "max_depth": max_depth})
        seconds.append(time.thread_time() - started)
    assert min(seconds) < 0.1  # some 2 ms each; what is quadratic takes seconds


# -- in the address ----------------------------------------------------------------------------------------------

V2 = ["notifications.v2"]


@pytest.mark.parametrize(
    ("query", "subprotocols", "opening"),
    [
        (b"", [], Opening()),
        (b"protocol=2", [], Opening(2)),
        (b"", V2, Opening(2)),
        (b"protocol=1&since=3", [], Opening()),
        (b"protocol=2&protocol=2", [], Opening()),
        (b"since=3&epoch=e", V2, Opening(2, 3, "e")),
        (b"since=0&epoch=" + b"e" * 65, V2, Opening(2, 0, "e" * 64)),
        (b"since=3", V2, Opening(2, 3)),
        (b"since=" + b"9" * 18, V2, Opening(2, 10**18 - 1)),
        *[(b"since=" + since, V2, Opening(2)) for since in (b"", b"-1", b"1.0", b"9" * 19, b"9" * 5_000, b"%D9%A1")],
    ],
)
def test_what_is_said_in_the_address(query, subprotocols, opening):
    assert parse_opening(query, subprotocols) == opening


pieces = st.sampled_from(
    [b"since=", b"epoch=", b"protocol=2", b"&", b"&&", b"=", b";", b"%", b"%ff", b"%00", b"+", b"9"]
)


@whatever
@given(st.binary() | st.lists(pieces | st.binary(max_size=8)).map(b"".join), st.lists(st.text() | st.sampled_from(V2)))
def test_any_address_is_understood(query: bytes, subprotocols: list[str]) -> None:
    opening = parse_opening(query, subprotocols)
    assert opening.protocol in {1, 2}
    assert opening.protocol == 2 or opening == Opening()
    assert opening.since is None or 0 <= opening.since <= LARGEST
    assert len(opening.epoch) <= 64
