"""PostgreSQL: insert, number and count with one statement, for the case that nearly every send is.

Everywhere else, and whenever the statement finds anything unusual (it then writes nothing), the general way is taken:
:mod:`~notifications.inbox.sending` inserts, :mod:`~notifications.inbox.sequencer` numbers. The statements wait for no
lock. They lock the inbox first, then the notification, as everybody does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_save, pre_save

from ..models import Inbox, Notification
from ..signals import notifications_inserted
from .events import ROW_FIELDS, InboxChange, Kind, Step
from .sql import content_fields

INBOX, NOTIFICATION = Inbox._meta.db_table, Notification._meta.db_table
_USER = Inbox._meta.get_field("user").related_model._meta
_USERS, _USER_KEY = f'"{_USER.db_table}" AS u', f'"{_USER.pk.column}"'
# Nothing was written, and the general way knows what to do: others were quicker, or a restored inbox stands too low.
TRANSIENT = {"40001", "40P01", "23505"}


@lru_cache(maxsize=1)
def _insert_sql() -> str:
    """The user's row is locked as the foreign key's check will lock it: the check would wait, holding the inbox."""
    fields = content_fields()
    names = ", ".join(f'"{field.column}"' for field in fields)
    return (
        f"WITH box AS (UPDATE {INBOX} SET last_rev = last_rev + 1, unread_count = unread_count + 1 WHERE user_id ="
        f" (SELECT i.user_id FROM {INBOX} AS i JOIN {_USERS} ON u.{_USER_KEY} = i.user_id WHERE i.user_id = %s"
        " FOR UPDATE OF i SKIP LOCKED FOR KEY SHARE OF u SKIP LOCKED)"
        " RETURNING user_id, last_rev, unread_count, epoch)"
        f" INSERT INTO {NOTIFICATION} (recipient_id, seq, rev, pending, changed, counted, {names})"
        f" SELECT user_id, last_rev, last_rev, false, 0, true, {', '.join(['%s'] * len(fields))} FROM box"
        " RETURNING id, rev, (SELECT unread_count FROM box), (SELECT epoch FROM box)"
    )


@lru_cache(maxsize=1)
def _number_sql() -> str:
    """Number the one new row of an inbox.

    What somebody else numbers between the statement's beginning and its locks no longer matches when it is locked, so
    that it is left alone; and an inbox counts on only for a row that was numbered. There can be no gap.
    """
    columns = ", ".join(f'n."{Notification._meta.get_field(name).column}"' for name in ROW_FIELDS)  # type: ignore[union-attr]
    return (
        f"WITH box AS (SELECT user_id, last_rev FROM {INBOX} WHERE user_id = %s FOR UPDATE SKIP LOCKED),"
        f" waiting AS (SELECT id FROM {NOTIFICATION} WHERE recipient_id = %s AND pending AND EXISTS (SELECT FROM box)"
        " ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED),"
        f" n AS (UPDATE {NOTIFICATION} AS n SET seq = box.last_rev + 1, rev = box.last_rev + 1, pending = false,"
        " changed = 0, counted = true FROM box WHERE n.id = (SELECT min(id) FROM waiting HAVING count(*) = 1)"
        " AND n.seq IS NULL AND n.read_at IS NULL AND n.archived_at IS NULL AND n.deleted_at IS NULL"
        f" RETURNING {columns})"
        f" UPDATE {INBOX} AS i SET last_rev = i.last_rev + 1, unread_count = i.unread_count + 1 FROM n"
        " WHERE i.user_id = n.recipient_id RETURNING i.epoch, i.unread_count, n.*"
    )


def may_insert(connection: BaseDatabaseWrapper) -> bool:
    """Whether nobody but the inbox would notice how the row comes to be: no transaction, and no one who listens."""
    return (
        connection.vendor == "postgresql"
        and not connection.in_atomic_block
        and connection.get_autocommit()
        and not notifications_inserted.receivers
        and not pre_save.has_listeners(Notification)
        and _listeners_after_save() == 1  # our own
    )


def _listeners_after_save() -> int:
    # Django tells whether there is any; there always is.
    return sum(map(len, post_save._live_receivers(Notification)))


def insert(recipient_id: Any, content: dict[str, Any], *, using: str) -> tuple[int, InboxChange] | None:
    """Write one numbered notification. ``None``, and nothing written, if it must be done the general way."""
    connection = connections[using]
    notification = Notification(recipient_id=recipient_id, **content)
    values = [field.get_db_prep_save(getattr(notification, field.attname), connection) for field in content_fields()]
    key = Inbox._meta.pk.get_db_prep_value(recipient_id, connection)
    found = _execute(_insert_sql(), [key, *values], connection)
    if found is None:
        return None
    pk, rev, unread_count, epoch = found
    row = {name: getattr(notification, name) for name in ROW_FIELDS}
    row |= {"id": pk, "seq": rev, "rev": rev, "counted": True}
    return pk, InboxChange(recipient_id, str(epoch), [Step(rev, Kind.CREATED, unread_count, [row])])


def number(user_id: Any, *, using: str) -> InboxChange | None:
    """Number the only pending row of this user, which is new. ``None``, and nothing written, if it is not so."""
    connection = connections[using]
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return None
    key = Inbox._meta.pk.get_db_prep_value(user_id, connection)
    found = _execute(_number_sql(), [key, key], connection)
    if found is None:
        return None
    epoch, unread_count, *values = found
    row = dict(zip(ROW_FIELDS, _converted(values, connection), strict=True))
    return InboxChange(user_id, str(epoch), [Step(row["rev"], Kind.CREATED, unread_count, [row])])


def _converted(values: Sequence[Any], connection: BaseDatabaseWrapper) -> Sequence[Any]:
    """As the ORM gives them: JSON parsed, for one."""
    compiler = Notification.objects.using(connection.alias).query.get_compiler(connection=connection)
    columns = [Notification._meta.get_field(name).get_col(NOTIFICATION) for name in ROW_FIELDS]  # type: ignore[union-attr]
    return next(iter(compiler.apply_converters([values], compiler.get_converters(columns))))


def _execute(sql: str, parameters: list[Any], connection: BaseDatabaseWrapper) -> Sequence[Any] | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            found: Sequence[Any] | None = cursor.fetchone()
            return found
    except (IntegrityError, OperationalError) as error:
        # Of any other the answer may be lost, and not the write: whoever tried again would send twice.
        cause = error.__cause__
        if (getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)) not in TRANSIENT:  # psycopg 3, or 2
            raise
        return None
