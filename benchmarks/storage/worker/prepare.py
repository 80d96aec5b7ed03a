"""Fill and empty tables, a whole table to a statement. The same SQL runs on PostgreSQL and SQLite."""

from __future__ import annotations

from django.db import connection

NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
UUID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}

# Of a person's rows every fourth is unread, every twentieth archived, every fiftieth deleted.
UNREAD = "n %% 4 = 0"
ARCHIVED = "n %% 20 = 1"
DELETED = "n %% 50 = 7"


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def people(count: int) -> None:
    """Make users with the keys 1 to ``count``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO auth_user (id, username, password, is_superuser, first_name, last_name, email, is_staff,"
            f" is_active, date_joined) {NUMBERS} SELECT n, 'person' || n, '!', false, '', '', '', false, true,"
            " CURRENT_TIMESTAMP FROM numbers",
            [count],
        )
    if connection.vendor == "postgresql":
        run("VACUUM ANALYZE auth_user")


def empty_inboxes() -> None:
    """Remove every notification; each person keeps an inbox, in which nothing has arrived yet.

    What an earlier measurement left (dead rows, a checkpoint that is due) is not the next one's to pay for.
    """
    tables = ["ntf_batch_chunk", "ntf_batch", "ntf_delivery", "ntf_notification", "ntf_inbox"]
    inboxes = f"INSERT INTO ntf_inbox (user_id, epoch) SELECT id, {UUID[connection.vendor]} FROM auth_user"
    if connection.vendor == "postgresql":
        run(f"TRUNCATE {', '.join(tables)}", inboxes, "VACUUM ANALYZE ntf_inbox", "CHECKPOINT")
    else:
        run(*(f"DELETE FROM {table}" for table in tables), inboxes, "PRAGMA wal_checkpoint(TRUNCATE)")


def remove_inboxes() -> None:
    run("DELETE FROM ntf_inbox")


def rows_for_everyone(rows: int) -> None:
    """Give each person so many numbered rows (a multiple of 4), by turns, as they arrive in life.

    One person's rows then lie on as many pages.
    """
    message = "Whoever is responsible for it should order now, or tell the shops to offer something else. " * 3
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ntf_notification (recipient_id, type, subject, message, seq, rev, pending, changed, counted,"
            f" read_at, archived_at, deleted_at) {NUMBERS} SELECT id, 'message',"
            f" CASE WHEN {DELETED} THEN '' ELSE 'Blue paint is running low' END,"
            f" CASE WHEN {DELETED} THEN '' ELSE %s END, n, n, false, 0, {UNREAD},"
            f" CASE WHEN {UNREAD} THEN NULL ELSE CURRENT_TIMESTAMP END,"
            f" CASE WHEN {ARCHIVED} THEN CURRENT_TIMESTAMP END, CASE WHEN {DELETED} THEN CURRENT_TIMESTAMP END"
            " FROM numbers, auth_user ORDER BY n, id",
            [rows, message],
        )
        cursor.execute(
            "INSERT INTO ntf_inbox (user_id, epoch, last_rev, unread_count)"
            f" SELECT id, {UUID[connection.vendor]}, %s, %s FROM auth_user",
            [rows, rows // 4],
        )
    if connection.vendor == "postgresql":
        run("VACUUM ANALYZE", "CHECKPOINT")
    else:
        run("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)")
