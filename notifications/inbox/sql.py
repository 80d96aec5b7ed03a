"""The SQL that differs between databases, or that the ORM cannot say in one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.db import connections
from django.db.models import Field
from django.utils import timezone

from ..models import Batch, BatchChunk, Content, Inbox, Notification
from .events import ROW_FIELDS, Row

MOST_UNDER_WAY = 50  # chunks of one batch that are expanded at the same moment, by whatever processes there are


def content_fields() -> list[Field[Any, Any]]:
    """The fields of what a notification says, which single sends and sends to many write alike."""
    return [field for field in Content._meta.get_fields() if isinstance(field, Field) and field.concrete]


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
        elif connection.vendor == "mysql" and len(values) > 1:
            cursor.execute(
                f"UPDATE {table} AS n JOIN JSON_TABLE(%s, '$[*]' COLUMNS (seq BIGINT PATH '$[0]', rev BIGINT PATH"
                " '$[1]', counted BOOLEAN PATH '$[2]', id BIGINT PATH '$[3]')) AS d ON n.id = d.id"
                " SET n.seq = d.seq, n.rev = d.rev, n.counted = d.counted, n.pending = false, n.changed = 0",
                [json.dumps(values)],
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
        elif connection.vendor == "mysql" and len(values) > 1:
            # Not JSON again: keys may be text, and text of two collations cannot be compared.
            cases = f"CASE user_id{' WHEN %s THEN %s' * len(values)} END"
            cursor.execute(
                f"UPDATE {table} SET last_rev = {cases}, unread_count = {cases}"
                f" WHERE user_id IN ({', '.join(['%s'] * len(values))})",
                [
                    *chain.from_iterable((key, last_rev) for last_rev, _, key in values),
                    *chain.from_iterable((key, unread_count) for _, unread_count, key in values),
                    *(key for *_, key in values),
                ],
            )
        else:
            cursor.executemany(f"UPDATE {table} SET last_rev = %s, unread_count = %s WHERE user_id = %s", values)


def read_changes(state: Sequence[str], since: Mapping[Any, int], *, limit: int, using: str) -> list[tuple[Any, ...]]:
    """The inboxes' ``state`` with every row that changed after the revision named, by user, revision and id.

    The ORM's own join reads all rows of every user there: MySQL and MariaDB look up no range of a joined table. With a
    limit of its own the inner query is asked first, and by its ranges; it cannot leave out what the outer limit takes.
    """
    connection = connections[using]
    quote = connection.ops.quote_name
    inbox: list[Any] = [Inbox._meta.get_field(name) for name in state]
    row: list[Any] = [Notification._meta.get_field(name) for name in ROW_FIELDS]
    key = Inbox._meta.pk
    pairs = [(key.get_db_prep_value(user_id, connection), rev) for user_id, rev in since.items()]
    sql = (
        f"SELECT {', '.join(f'i.{quote(field.column)}' for field in inbox)},"
        f" {', '.join(f'n.{quote(field.column)}' for field in row)} FROM {Inbox._meta.db_table} i LEFT JOIN"
        f" (SELECT {', '.join(quote(field.column) for field in row)} FROM {Notification._meta.db_table}"
        f" WHERE {' OR '.join(['(recipient_id = %s AND rev > %s)'] * len(pairs))}"
        f" ORDER BY recipient_id, rev, id LIMIT {limit:d}) n ON n.recipient_id = i.user_id"
        f" WHERE i.user_id IN ({', '.join(['%s'] * len(pairs))}) ORDER BY i.user_id, n.rev, n.id LIMIT {limit:d}"
    )
    compiler = Inbox.objects.using(using).query.get_compiler(using)
    converters = compiler.get_converters([field.get_col(field.model._meta.db_table) for field in (*inbox, *row)])
    with connection.cursor() as cursor:
        cursor.execute(sql, [*chain.from_iterable(pairs), *(user_id for user_id, _ in pairs)])
        return [tuple(values) for values in compiler.apply_converters(cursor.fetchall(), converters)]


def lock_rows(ids: list[int], *, using: str) -> list[int]:
    """Lock notifications in the order of their ids; those that are deleted by now are not in the answer.

    InnoDB locks rows as it meets them, in whatever index it likes best, and puts them in order afterwards.
    """
    table = Notification._meta.db_table
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} FORCE INDEX (PRIMARY) WHERE id IN ({', '.join(['%s'] * len(ids))})"
            " AND deleted_at IS NULL ORDER BY id FOR UPDATE",
            ids,
        )
        return [pk for (pk,) in cursor.fetchall()]


def mark_expanded(chunk_id: int, created: int, *, using: str) -> None:
    """Note that this chunk became so many notifications. Said here, and quicker: the ORM costs more than the update."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"UPDATE {BatchChunk._meta.db_table} SET created = %s, expanded_at = %s WHERE id = %s",
            [created, _now(using), chunk_id],
        )


def finish_batch(batch_id: int, *, using: str) -> None:
    """Note that it is done, if it is; in the transaction of each chunk, so that a crash leaves nothing open.

    As long as more chunks wait than can be under way, somebody else will: until the commit, whoever notes it keeps all
    others from theirs, and on PostgreSQL the commit is a third of the work.
    """
    connection = connections[using]
    batch, chunk = Batch._meta.db_table, BatchChunk._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {chunk} WHERE batch_id = %s AND expanded_at IS NULL LIMIT 1 OFFSET {MOST_UNDER_WAY}",
            [batch_id],
        )
        if cursor.fetchone():
            return
        if connection.features.has_select_for_update:
            # Two that expand the last two chunks would each still see the other's waiting.
            cursor.execute(f"SELECT id FROM {batch} WHERE id = %s FOR UPDATE", [batch_id])
        cursor.execute(
            f"UPDATE {batch} SET finished_at = %s WHERE id = %s AND finished_at IS NULL"
            f" AND NOT EXISTS (SELECT 1 FROM {chunk} WHERE batch_id = %s AND expanded_at IS NULL)",
            [_now(using), batch_id, batch_id],
        )


def _now(using: str) -> Any:
    return Batch._meta.get_field("finished_at").get_db_prep_save(timezone.now(), connections[using])
