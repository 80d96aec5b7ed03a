"""The SQL that differs between databases, or that the ORM cannot say in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections

from ..conf import conf
from ..models import Batch, Content, Inbox, Notification
from .events import Row


def limit_lock_wait(using: str) -> None:
    """Let this transaction wait ``LOCK_TIMEOUT_SECONDS`` for a lock, no longer.

    SQLite has no row locks; its one write lock waits as long as the connection's ``timeout`` says.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {int(conf.LOCK_TIMEOUT_SECONDS * 1000)}")


def write_numbers(rows: Sequence[Row], *, using: str) -> None:
    """Store ``seq``, ``rev`` and ``counted`` of the rows and clear ``pending``, in one round trip."""
    values = [(row["seq"], row["rev"], row["counted"], row["id"]) for row in rows]
    table = Notification._meta.db_table
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and len(values) > 1:
            cursor.execute(
                f"UPDATE {table} AS n SET seq = d.seq, rev = d.rev, counted = d.counted, pending = false, changed = 0"
                " FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[], %s::bigint[]) AS d(seq, rev, counted, id)"
                " WHERE n.id = d.id",
                [list(column) for column in zip(*values, strict=True)],
            )
        else:
            cursor.executemany(
                f"UPDATE {table} SET seq = %s, rev = %s, counted = %s, pending = false, changed = 0 WHERE id = %s",
                values,
            )


def write_inboxes(inboxes: Sequence[Inbox], *, using: str) -> None:
    """Store ``last_rev`` and ``unread_count`` of locked inboxes, in one round trip."""
    key = Inbox._meta.pk
    connection = connections[using]
    values = [(inbox.last_rev, inbox.unread_count, key.get_db_prep_value(inbox.pk, connection)) for inbox in inboxes]
    table = Inbox._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and len(values) > 1:
            cursor.execute(
                f"UPDATE {table} AS i SET last_rev = d.last_rev, unread_count = d.unread_count"
                f" FROM unnest(%s::bigint[], %s::integer[], %s::{key.rel_db_type(connection)}[])"
                " AS d(last_rev, unread_count, user_id) WHERE i.user_id = d.user_id",
                [list(column) for column in zip(*values, strict=True)],
            )
        else:
            cursor.executemany(f"UPDATE {table} SET last_rev = %s, unread_count = %s WHERE user_id = %s", values)


def _one_of(column: str, keys: list[Any], *, using: str) -> tuple[str, list[Any]]:
    """A condition and its parameters: a thousand of them cost more to parse than to look up, one array does not."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        return f"WHERE {column} = ANY(%s::{Inbox._meta.pk.rel_db_type(connection)}[])", [keys]
    return f"WHERE {column} IN ({', '.join(['%s'] * len(keys))})", keys


def insert_for_inboxes(batch: Batch, user_ids: Sequence[Any], *, using: str) -> None:
    """Give each of the locked inboxes one more notification, numbered and counted; the inboxes are updated too."""
    connection = connections[using]
    quote = connection.ops.quote_name
    # attname of a foreign key is also its column's name; no content field renames its column.
    fields = [field for field in Content._meta.get_fields() if field.concrete]
    names = [quote(str(field.column)) for field in fields]
    values = [field.get_db_prep_save(getattr(batch, field.attname), connection) for field in fields]
    keys = [Inbox._meta.pk.get_db_prep_value(user_id, connection) for user_id in user_ids]
    chosen, keys = _one_of("user_id", keys, using=using)
    inbox, notification = Inbox._meta.db_table, Notification._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {inbox} SET last_rev = last_rev + 1, unread_count = unread_count + 1 {chosen}", keys)
        cursor.execute(
            f"INSERT INTO {notification} (recipient_id, seq, rev, pending, changed, counted, {', '.join(names)})"
            f" SELECT user_id, last_rev, last_rev, false, 0, true, {', '.join(['%s'] * len(names))}"
            f" FROM {inbox} {chosen}",
            [*values, *keys],
        )
