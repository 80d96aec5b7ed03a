"""What a notification may say and link to, wherever it is written."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from notifications.models import ApiKey, Batch, BatchChunk, Inbox, Notification
from notifications.models.content import validate_link


@pytest.mark.parametrize(
    "link",
    ["/", "/a/b?c=d&e=f#g", "/%20", "/ñ/", "https://example.com", "https://example.com:8443/x", "HTTPS://E.com/"],
)
def test_links_to_this_site_and_to_https(link: str) -> None:
    validate_link(link)


@pytest.mark.parametrize(
    "link",
    [
        "", "a", "a/b", "./a", "?a", "#a", "//example.com", "/\\example.com", "\\\\example.com", "https:\\\\e.com",
        "http://example.com", "ftp://example.com", "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)",
        "java\nscript:alert(1)", "\x01javascript:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "mailto:a@b.c",
        "https:", "https://", "https:///a", "https:a", "https://[::1", "/a\tb", "/a b", "/a\x00b", "\t/a", "/a\r\nb",
    ],
)  # fmt: skip
def test_nothing_else_is_a_link(link: str) -> None:
    with pytest.raises(ValidationError, match="must begin with '/'"):
        validate_link(link)


@pytest.fixture
def user(db: None) -> Any:
    return get_user_model().objects.create_user("ana")


def new(user: Any, **fields: Any) -> Notification:
    return Notification.objects.create(recipient=user, type="stock_alert", subject="x", **fields)


def test_a_row_that_names_only_the_essential(user: Any) -> None:
    row = new(user)
    row.refresh_from_db()
    assert (row.message, row.priority, row.url, row.data, row.silent, row.dedupe_key, row.expires_at) == (
        "", "medium", "", {}, False, None, None,
    )  # fmt: skip
    assert (row.seq, row.rev, row.pending, row.counted, row.changed) == (None, None, True, False, 0)
    assert (row.read_at, row.archived_at, row.deleted_at) == (None, None, None)


def test_one_place_and_one_key_for_each_person(user: Any) -> None:
    new(user, dedupe_key="a")
    new(user, dedupe_key=None)
    new(user, dedupe_key=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        new(user, dedupe_key="a")
    rows = list(Notification.objects.order_by("pk"))
    write = "UPDATE ntf_notification SET seq = 1 WHERE id = %s"
    connection.cursor().execute(write, [rows[0].pk])
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(write, [rows[1].pk])


def test_visible_is_what_has_a_number_and_was_not_deleted(user: Any) -> None:
    rows = [new(user) for _ in range(3)]
    connection.cursor().execute("UPDATE ntf_notification SET seq = id WHERE id <> %s", [rows[0].pk])
    rows[1].delete()
    assert list(Notification.objects.visible()) == [rows[2]]


def test_each_says_in_one_line_what_it_is(user: Any) -> None:
    batch = Batch(subject="Sale")
    key = ApiKey(name="Till 3", prefix="abcd", hash="secret")
    inbox = Inbox(user=user, last_rev=7, unread_count=2)
    shown = [
        str(Notification(subject="Low stock")),
        str(batch),
        str(key),
        str(inbox),
        str(BatchChunk(pk=3, batch_id=2)),
    ]
    assert shown == [
        "Low stock",
        "Sale",
        "Till 3 (abcd…)",
        f"{user.pk}: revision 7, 2 unread",
        "chunk 3 of batch 2",
    ]
    assert "secret" not in " ".join(shown)
