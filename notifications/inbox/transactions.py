"""Transactions of our own: short, never waiting for long, and begun again where a deadlock was ended with them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Any, TypeVar

from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ..conf import conf
from ..models import Inbox, Notification
from .database import is_mariadb

Work = TypeVar("Work", bound=Callable[..., Any])

TRIES = 5
MARIADB_DEADLOCK = 1213
POSTGRESQL_DEADLOCK = "40P01"
MAY_WAIT = re.compile("SELECT|INSERT|UPDATE|DELETE")
OUR_INSERT = re.compile(f"INSERT (IGNORE )?INTO `?({Inbox._meta.db_table}|{Notification._meta.db_table})\\b")
SET_STATEMENT = "SET STATEMENT"


@contextmanager
def short_transaction(*, using: str) -> Iterator[None]:
    """A transaction that waits ``LOCK_TIMEOUT_SECONDS`` for a lock, no longer (on MariaDB whole seconds, at least one).

    Inside a caller's transaction it is a savepoint, and the time to wait is the caller's business. SQLite has no row
    locks; its one write lock waits as long as the connection's ``timeout`` says. MySQL waits as long as its own
    ``innodb_lock_wait_timeout`` says: it can limit a session, and the session is the host's.
    """
    connection = connections[using]
    ours = not connection.in_atomic_block
    with transaction.atomic(using=using), _limited(connection) if ours else nullcontext():
        yield


@contextmanager
def _limited(connection: BaseDatabaseWrapper) -> Iterator[None]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {int(conf.LOCK_TIMEOUT_SECONDS * 1000)}")
        yield
    elif is_mariadb(connection):
        seconds = max(1, math.ceil(conf.LOCK_TIMEOUT_SECONDS))
        limit = f"innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}"
        with connection.execute_wrapper(_each_with(limit, MAY_WAIT)):
            yield
    else:
        yield


def leave_users_unlocked(*, using: str) -> AbstractContextManager[None]:
    """Insert rows that refer to a user without locking the user's own row, as MariaDB does to check a foreign key.

    Otherwise a send would wait for any transaction that changes the person (PostgreSQL's weaker lock does not), and
    two that each change themselves and notify the other would deadlock. The caller has made sure that the user exists;
    of one who is deleted meanwhile the sweeper removes what is left.
    """
    connection = connections[using]
    if not is_mariadb(connection):
        return nullcontext()
    return connection.execute_wrapper(_each_with("foreign_key_checks = 0", OUR_INSERT))


def _each_with(setting: str, which: re.Pattern[str]) -> Callable[..., Any]:
    """A setting for single statements: no round trip more, and nothing to put back, whatever happens."""

    def execute_with(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if which.match(sql):
            sql = f"{SET_STATEMENT} {setting} FOR {sql}"
        elif sql.startswith(SET_STATEMENT):  # from an outer block, and statements cannot be nested
            outer, _, statement = sql.partition(" FOR ")
            if which.match(statement) and setting not in outer:
                sql = f"{outer}, {setting} FOR {statement}"
        return execute(sql, params, many, context)

    return execute_with


def retry_deadlocks(work: Work) -> Work:
    """Run ``work`` again where the database ended a deadlock by rolling it back: it did nothing wrong.

    Only where ``work`` is the whole transaction. In a caller's, all that they did is gone (MariaDB), or nothing more
    can be done (PostgreSQL), and only they can begin again.
    """

    @wraps(work)
    def again(*args: Any, using: str, **kwargs: Any) -> Any:
        for _ in range(TRIES - 1):
            try:
                return work(*args, using=using, **kwargs)
            except OperationalError as error:
                if connections[using].in_atomic_block or not _is_deadlock(error):
                    raise
        return work(*args, using=using, **kwargs)

    return again  # type: ignore[return-value]


def _is_deadlock(error: OperationalError) -> bool:
    sqlstate = getattr(error.__cause__, "sqlstate", None) or getattr(error.__cause__, "pgcode", None)  # psycopg 3, or 2
    return error.args[:1] == (MARIADB_DEADLOCK,) or sqlstate == POSTGRESQL_DEADLOCK
