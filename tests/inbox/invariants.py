"""What PROTOCOL.md promises of every inbox at every moment, as one check that all tests share."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from notifications.inbox.sweeper import sweep
from notifications.models import Inbox, Notification

FIELDS = ("recipient_id", "seq", "rev", "pending", "counted", "read_at", "archived_at", "deleted_at")


def check(*users: Any, pending: int = 0) -> None:
    """Every inbox (of these users, or of all) agrees with its rows, and ``pending`` rows wait for a number."""
    chosen = {"pk__in": [user.pk for user in users]} if users else {}
    rows: dict[Any, list[Notification]] = defaultdict(list)
    waiting = 0
    for row in Notification.objects.filter(**{f"recipient__{key}": value for key, value in chosen.items()}).only(
        *FIELDS
    ):
        waiting += row.pending
        rows[row.recipient_id].append(row)
    for inbox in Inbox.objects.filter(**chosen):
        numbered = [row for row in rows[inbox.pk] if row.seq is not None]
        _check_numbers(inbox, numbered)
        _check_count(inbox, numbered)
    assert waiting == pending


def _check_count(inbox: Inbox, rows: list[Notification]) -> None:
    counted = sum(row.counted for row in rows)
    assert inbox.unread_count == counted, f"{inbox} counts others than {counted} rows"
    for row in rows:
        unread = row.read_at is None and row.archived_at is None and row.deleted_at is None
        assert row.pending or row.counted is unread, f"row {row.pk} is counted={row.counted} but unread={unread}"


def _check_numbers(inbox: Inbox, rows: list[Notification]) -> None:
    seqs = [row.seq for row in rows]
    assert len(set(seqs)) == len(seqs), f"{inbox} gave a seq twice: {seqs}"
    for row in rows:
        assert row.seq <= row.rev <= inbox.last_rev, f"row {row.pk}: {row.seq} {row.rev}, {inbox}"
    assert inbox.horizon_rev <= inbox.last_rev
    assert inbox.seen_seq <= inbox.last_rev


def check_dense(user: Any, count: int) -> None:
    """These rows were only sent, never changed: their numbers are 1…count."""
    rows = Notification.objects.filter(recipient=user).order_by("seq")
    assert list(rows.values_list("seq", "rev")) == [(number, number) for number in range(1, count + 1)]
    assert Inbox.objects.get(pk=user.pk).last_rev == count


def settle() -> None:
    """What the sweeper of a server process does within seconds."""
    while sweep(using="default"):
        pass


class Reader:
    """A client that polls as the hub does, state and rows in one statement, and sees every revision once."""

    SQL = (
        "SELECT i.last_rev, n.rev, n.id FROM ntf_inbox i"
        " LEFT JOIN ntf_notification n ON n.recipient_id = i.user_id AND n.rev > %s WHERE i.user_id = %s"
    )

    def __init__(self, user: Any) -> None:
        self.user, self.cursor, self.polls = user, 0, 0
        self.seen: dict[int, int] = {}  # the newest revision of each row

    def poll(self) -> None:
        with connection.cursor() as cursor:
            key = Inbox._meta.pk.get_db_prep_value(self.user.pk, connection)
            cursor.execute(self.SQL, [self.cursor, key])
            rows = cursor.fetchall()
        self.polls += 1
        for last_rev, rev, pk in rows:
            assert rev is None or rev <= last_rev, f"revision {rev} was visible before {last_rev}"
            if pk is not None:
                self.seen[pk] = rev
        self.cursor = rows[0][0] if rows else 0

    def check_saw_everything(self) -> None:
        """A revision that became visible below the cursor would be missing here."""
        rows = Notification.objects.filter(recipient=self.user, seq__isnull=False)
        assert self.seen == dict(rows.values_list("pk", "rev"))


@contextmanager
def reading(*users: Any) -> Iterator[list[Reader]]:
    """Poll in a thread of its own while the body writes; once more at the end. Re-raises what the thread saw."""
    readers, stop, errors = [Reader(user) for user in users], threading.Event(), []

    def run() -> None:
        try:
            while not stop.is_set():
                for reader in readers:
                    reader.poll()
                stop.wait(0.005)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield readers
    finally:
        stop.set()
        thread.join()
    for error in errors:
        raise error
    for reader in readers:
        reader.poll()
