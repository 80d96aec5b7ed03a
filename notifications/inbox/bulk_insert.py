"""One more notification for each of many people, numbered and counted, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import starmap
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import F

from ..models import Batch, Inbox, Notification
from .chunks import in_chunks
from .database import has_integer_keys
from .events import Recipient
from .sql import content_fields
from .transactions import leave_users_unlocked

BYTES_PER_INSERT = 1_000_000  # MySQL refuses what exceeds its max_allowed_packet, by default 16 MB
# Two sends that lock the same inboxes in different orders deadlock. An index is searched for keys in their order, and
# locks in it; a table is read in whatever order its rows have come to stand, and a small one is, unless that is
# forbidden. It costs less than to lock them by a sorted query first.
IN_ORDER = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
INBOX, NOTIFICATION = Inbox._meta.db_table, Notification._meta.db_table


def bulk_insert(batch: Batch, keys: list[Any], *, all_or_none: bool, using: str) -> list[Recipient] | None:
    """Lock the inboxes in the order of their keys, give each a notification, and tell what became of them.

    Who has no inbox is left out.

    Args:
        all_or_none: return ``None`` if there is such a person. The caller must then roll back.
    """
    connection = connections[using]
    fields = content_fields()
    content = [field.get_db_prep_save(getattr(batch, field.attname), connection) for field in fields]
    if connection.vendor == "postgresql":
        recipients = _in_one_statement(content, keys, using=using)
        return None if all_or_none and len(recipients) < len(keys) else recipients
    inboxes = Inbox.objects.using(using).select_for_update().filter(pk__in=keys).order_by("pk")
    locked = list(inboxes.values_list("pk", "epoch", "last_rev", "unread_count"))
    if all_or_none and len(locked) < len(keys):
        return None
    return _step_by_step(content, locked, using=using) if locked else []


def _insert(connection: BaseDatabaseWrapper) -> str:
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in content_fields())
    return f"INSERT INTO {NOTIFICATION} (recipient_id, seq, rev, pending, changed, counted, {names})"


# -- PostgreSQL ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _sql(key_type: str, insert: str) -> str:
    """All in one statement. A locked row that others changed meanwhile is read anew before it counts on."""
    return (
        f"WITH box AS (UPDATE {INBOX} SET last_rev = last_rev + 1, unread_count = unread_count + 1"
        f" WHERE user_id = ANY(%s::{key_type}[]) RETURNING user_id, epoch::text, last_rev, unread_count),"
        f" new AS ({insert} SELECT user_id, last_rev, last_rev, false, 0, true,"
        f" {', '.join(['%s'] * len(content_fields()))} FROM box RETURNING recipient_id, id)"
        " SELECT user_id, epoch, last_rev, id, unread_count FROM box JOIN new ON recipient_id = user_id"
    )


def _in_one_statement(content: list[Any], keys: list[Any], *, using: str) -> list[Recipient]:
    connection = connections[using]
    key = Inbox._meta.pk
    array: Any = keys if has_integer_keys() else [key.get_db_prep_value(user_id, connection) for user_id in keys]
    if all(type(value) is int for value in array):
        array = f"{{{','.join(map(str, array))}}}"  # ten times as fast as the driver, which looks at each of them
    with connection.cursor() as cursor:
        cursor.execute(IN_ORDER)
        sql = _sql(key.rel_db_type(connection) or "", _insert(connection))
        cursor.execute(sql, [array, *content])
        return list(starmap(Recipient, _with_python_keys(cursor.fetchall(), using=using)))


def _with_python_keys(rows: list[tuple[Any, ...]], *, using: str) -> Iterable[Sequence[Any]]:
    """Rows whose first column is a user's key, as the ORM would give it."""
    compiler = Inbox.objects.using(using).query.get_compiler(using)
    converters = compiler.get_converters([Inbox._meta.pk.get_col(INBOX)])
    found: Iterable[Sequence[Any]] = compiler.apply_converters(rows, converters) if converters else rows
    return found


# -- Elsewhere -----------------------------------------------------------------------------------------------


def _step_by_step(content: list[Any], locked: list[tuple[Any, ...]], *, using: str) -> list[Recipient]:
    connection = connections[using]
    key = Inbox._meta.pk
    keys = [key.get_db_prep_value(user_id, connection) for user_id, *_ in locked]
    some = f"WHERE user_id IN ({', '.join(['%s'] * len(keys))})"
    with leave_users_unlocked(using=using), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {INBOX} SET last_rev = last_rev + 1, unread_count = unread_count + 1 {some}", keys)
        if connection.vendor == "mysql":
            revs = [(key, last_rev + 1) for key, (_, _, last_rev, _) in zip(keys, locked, strict=True)]
            _insert_values(cursor, _insert(connection), revs, content)
        else:
            cursor.execute(
                f"{_insert(connection)} SELECT user_id, last_rev, last_rev, false, 0, true,"
                f" {', '.join(['%s'] * len(content))} FROM {INBOX} {some}",
                [*content, *keys],
            )
    ids = _new_ids([user_id for user_id, *_ in locked], using=using)
    return [
        Recipient(user_id, str(epoch), last_rev + 1, ids[user_id], unread_count + 1)
        for user_id, epoch, last_rev, unread_count in locked
    ]


def _insert_values(cursor: CursorWrapper, insert: str, revs: list[tuple[Any, int]], values: list[Any]) -> None:
    """Say every row in full. INSERT … SELECT holds InnoDB's lock on the counter of ids until it ends.

    It may have to wait for a host's transaction that has sent with the same ``dedupe_key``, and that transaction, with
    whatever it sends next, for the ids: a deadlock.
    """
    content = cursor.mogrify(", %s" * len(values), values).replace("%", "%%")  # once, and not once for each person
    row = f"(%s, %s, %s, false, 0, true{content})"
    for some in in_chunks(revs, max(1, BYTES_PER_INSERT // len(row.encode()))):
        parameters = [value for key, rev in some for value in (key, rev, rev)]
        cursor.execute(f"{insert} VALUES {', '.join([row] * len(some))}", parameters)


def _new_ids(user_ids: list[Any], *, using: str) -> dict[Any, int]:
    """The ids that the database gave."""
    rows = Notification.objects.using(using).filter(
        recipient_id__in=user_ids, seq=F("recipient__notification_inbox__last_rev")
    )
    return dict(rows.values_list("recipient_id", "pk"))
