"""Hints cross the channel layer: plain values only, which msgpack and JSON carry unchanged."""

from __future__ import annotations

import json
import uuid

import msgpack
import pytest

from notifications.inbox.events import BulkInsert, InboxChange, Kind, Recipient, Step
from notifications.live import hints
from tests.live.model_inbox import ModelInbox


def every_kind() -> list[hints.Hint]:
    model = ModelInbox()
    model.create(5)
    return [model.create(2), model.read(), model.update(), model.many(), model.delete(), model.see()]


def row() -> dict[str, object]:
    model = ModelInbox()
    model.create()
    return model.rows[100]


@pytest.mark.parametrize("carry", [lambda v: json.loads(json.dumps(v)), lambda v: msgpack.unpackb(msgpack.packb(v))])
def test_they_survive_the_layer(carry):
    people = [Recipient(uuid.uuid4(), "e", 3, 7, 1), Recipient(5, "e", 4, 8, 2)]
    bulk = hints.bulk(BulkInsert(row(), people))
    for hint in [*every_kind(), bulk, hints.coalesced(every_kind())]:
        assert carry(hint) == hint


def test_each_revision_is_one_entry():
    for hint in every_kind():
        assert len(hint["frames"]) == hint["to_rev"] - hint["from_rev"] + 1


def test_a_revision_that_fits_no_frame_has_none():
    change = InboxChange(1, "e", [Step(4, Kind.MANY, 2, [row()])])
    assert hints.single(change)["frames"] == [None]


def types_of(entry: hints.Entry) -> list[str]:
    return [json.loads(text)["type"] for text in hints.plain_frames(entry) or ()]


def test_the_same_in_the_originals_eight_types():
    created, read, updated, many, deleted, seen = (hint["frames"][0] for hint in every_kind())
    confirmation = "notification_read_confirmation"
    assert types_of(created) == ["notification", "unread_count"]
    assert types_of(read) == [confirmation] * 4 + ["unread_count"]
    assert types_of(updated) == types_of(deleted) == [confirmation, "unread_count"]
    assert types_of(seen) == []
    assert many is None


def test_all_up_to_a_sequence_must_be_read_from_the_database_for_the_original():
    step = Step(9, Kind.READ, 0, [{**row(), "counted": False}], up_to_seq=8)
    (entry,) = hints.single(InboxChange(1, "e", [step]))["frames"]
    assert json.loads(entry["f"])["data"]["up_to_seq"] == 8
    assert hints.plain_frames(entry) is None


def test_of_a_burst_no_frames_are_made():
    """Every receiver reads the database then, old ones too."""
    model = ModelInbox()
    assert None not in model.create(hints.BURST)["frames"]
    hint = model.create(hints.BURST + 1)
    assert hint["frames"] == [None] * (hint["to_rev"] - hint["from_rev"] + 1) == [None] * (hints.BURST + 1)
