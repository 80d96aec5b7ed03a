"""Raw SQL, fixtures and restored tables: whatever comes, the inbox agrees with its rows soon after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from notifications import send_notification
from notifications.inbox.services import delete, mark_read
from notifications.models import Inbox, Notification

from .conftest import Heard
from .invariants import check, check_dense, settle


def new(user: Any, subject: str = "x", **fields: Any) -> Notification:
    return Notification(recipient=user, type="stock_alert", subject=subject, **fields)


def send(user: Any, subject: str = "x") -> int:
    return send_notification(user, "stock_alert", subject)["notification_id"]


def kinds(heard: Heard, user: Any) -> list[tuple[Any, ...]]:
    return [told[:3] for told in heard.told(user)]


def insert_by_hand(user: Any, subject: str = "by hand") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ntf_notification (recipient_id, type, subject) VALUES (%s, 'stock_alert', %s)",
            [user.pk, subject],
        )


@pytest.mark.parametrize("has_inbox", [True, False])
def test_raw_sql_that_names_only_the_essential(ana: Any, heard: Heard, has_inbox: bool) -> None:
    if has_inbox:
        send(ana)
    heard.clear()
    insert_by_hand(ana)
    settle()
    row = Notification.objects.latest("pk")
    assert (row.subject, row.message, row.priority, row.data, row.url) == ("by hand", "", "medium", {}, "")
    assert abs(timezone.now() - row.created_at).total_seconds() < 60
    assert len(heard.told(ana)) == 1
    check_dense(ana, 1 + has_inbox)


def test_raw_sql_that_changes_a_row_and_says_pending(ana: Any, heard: Heard) -> None:
    pk = send(ana)
    heard.clear()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ntf_notification SET read_at = created_at, pending = true WHERE id = %s", [pk])
    settle()
    assert heard.told(ana) == [("updated", 2, 0, [pk])]
    check(ana)


def fixture(folder: Path, *objects: dict[str, Any]) -> str:
    path = folder / "some.json"
    path.write_text(json.dumps(objects))
    return str(path)


def test_a_fixture_written_by_hand(ana: Any, heard: Heard, tmp_path: Path) -> None:
    row = {"recipient": ana.pk, "type": "stock_alert", "subject": "x"}
    call_command("loaddata", fixture(tmp_path, {"model": "notifications.notification", "fields": row}), verbosity=0)
    assert kinds(heard, ana) == [("created", 1, 1)]
    check_dense(ana, 1)


@pytest.fixture
def dump(ana: Any, ben: Any, tmp_path: Path) -> str:
    """A file with two used inboxes."""
    ids = [send(ana, f"n{n}") for n in range(4)]
    mark_read(ana, ids[:1])
    delete(ana, ids[1:2])
    send(ben)
    path = tmp_path / "dump.json"
    call_command("dumpdata", "auth.user", "notifications", output=str(path), verbosity=0)
    return str(path)


def facts() -> list[tuple[Any, ...]]:
    fields = ("recipient_id", "subject", "seq", "rev", "counted", "pending")
    return list(Notification.objects.order_by("pk").values_list(*fields))


def test_a_dump_into_an_empty_database(dump: str, heard: Heard) -> None:
    before = facts()
    call_command("flush", interactive=False, verbosity=0)
    call_command("loaddata", dump, verbosity=0)
    assert facts() == before
    assert list(Inbox.objects.order_by("pk").values_list("last_rev", "unread_count")) == [(6, 2), (1, 1)]
    check()
    ana = Inbox.objects.order_by("pk")[0].user
    heard.clear()
    send(ana)
    assert kinds(heard, ana) == [("created", 7, 3)]


def test_a_dump_over_a_database_that_went_on(ana: Any, dump: str, heard: Heard) -> None:
    epoch = Inbox.objects.get(pk=ana.pk).epoch
    mark_read(ana, [send(ana, "later")])
    Notification.objects.filter(recipient=ana, subject="n3").update(read_at=timezone.now())
    call_command("loaddata", dump, verbosity=0)
    check()
    inbox = Inbox.objects.get(pk=ana.pk)
    assert (inbox.last_rev, inbox.unread_count) == (8, 2)
    assert inbox.epoch != epoch, "clients would believe what they remember"
    heard.clear()
    send(ana)
    assert kinds(heard, ana) == [("created", 9, 3)]
    check()


def test_notifications_alone_beside_an_inbox_that_knows_nothing_of_them(ana: Any, dump: str, tmp_path: Path) -> None:
    rows = [entry for entry in json.loads(Path(dump).read_text()) if entry["model"] == "notifications.notification"]
    Notification.objects.all()._raw_delete("default")
    Inbox.objects.update(last_rev=0, unread_count=0)
    call_command("loaddata", fixture(tmp_path, *rows), verbosity=0)
    check()
    send(ana)
    check()
    assert Inbox.objects.values_list("last_rev", "unread_count").get(pk=ana.pk) == (7, 3)


def test_an_inbox_alone_that_is_older_than_its_rows(ana: Any, dump: str, tmp_path: Path) -> None:
    epoch = Inbox.objects.get(pk=ana.pk).epoch
    send(ana, "later")
    rows = [entry for entry in json.loads(Path(dump).read_text()) if entry["model"] == "notifications.inbox"]
    call_command("loaddata", fixture(tmp_path, *rows), verbosity=0)
    check()
    inbox = Inbox.objects.get(pk=ana.pk)
    assert (inbox.last_rev, inbox.unread_count, inbox.epoch == epoch) == (7, 3, False)


def test_an_inbox_that_went_back_below_its_rows_heals(ana: Any, heard: Heard) -> None:
    """As when only that table was restored: its next number is taken already."""
    for _ in range(3):
        send(ana)
    Inbox.objects.filter(pk=ana.pk).update(last_rev=1, unread_count=1)
    send(ana)
    settle()
    assert kinds(heard, ana)[-1] == ("created", 4, 4)
    check_dense(ana, 4)


def test_an_inbox_that_is_busy_when_its_rows_are_loaded_is_put_right_later(
    ana: Any, ben: Any, dump: str, tmp_path: Path
) -> None:
    rows = [entry for entry in json.loads(Path(dump).read_text()) if entry["model"] == "notifications.notification"]
    rows = [row for row in rows if row["fields"]["recipient"] == ana.pk]
    Notification.objects.all()._raw_delete("default")
    Inbox.objects.update(last_rev=0, unread_count=0)
    new_row = {"recipient": ben.pk, "type": "stock_alert", "subject": "x"}

    def busy(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('UPDATE "ntf_inbox"'):  # as the ORM writes it, to bring an inbox in line
            raise OperationalError("canceling statement due to lock timeout")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(busy):
        path = fixture(tmp_path, *rows, {"model": "notifications.notification", "fields": new_row})
        call_command("loaddata", path, verbosity=0)
    check_dense(ben, 1)
    settle()  # brings it in line
    settle()
    check()
    assert Inbox.objects.get(pk=ana.pk).unread_count == 2
