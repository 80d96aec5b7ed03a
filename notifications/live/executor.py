"""Database work of the event loop, on a few threads of its own.

Channels runs everything on one thread; there a single slow query freezes every other socket of the process.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.core import mail
from django.db import close_old_connections, connections

from ..conf import conf

P = ParamSpec("P")
R = TypeVar("R")

KEEP_SECONDS = 600.0
TRUST_SECONDS = 0.1  # a connection that has been idle for longer is asked whether it still answers


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(conf.DB_THREADS, thread_name_prefix="notifications-db")


class _Thread(threading.local):
    """What one of the threads remembers between two jobs."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}  # database connections that are to last, by alias
        self.idle_since = 0.0


_thread = _Thread()


def _run(function: Callable[[], R]) -> R:
    if time.monotonic() - _thread.idle_since > TRUST_SECONDS:
        for connection in connections.all(initialized_only=True):
            if connection.connection is not None and not connection.is_usable():
                connection.close()
    close_old_connections()
    try:
        return function()
    finally:
        _keep_connections()
        close_old_connections()
        _thread.idle_since = time.monotonic()


def _keep_connections() -> None:
    """Also where ``CONN_MAX_AGE`` is 0, which is meant for threads that come and go. These stay, and are few.

    To connect takes PostgreSQL milliseconds, and most jobs less than one. A test run drops its database when it ends,
    so it keeps none.
    """
    if hasattr(mail, "outbox"):
        return
    for connection in connections.all(initialized_only=True):
        settings: Any = connection.settings_dict
        if settings["CONN_MAX_AGE"] != 0 or settings["OPTIONS"].get("pool") or connection.vendor == "sqlite":
            continue  # SQLite opens its file in no time, and must notice when another was put in its place
        if connection.connection is not _thread.kept.get(connection.alias):
            _thread.kept[connection.alias] = connection.connection
            connection.close_at = time.monotonic() + KEEP_SECONDS


async def run_db(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run ``function`` where it may use the ORM, and return what it returns.

    ``NOTIFICATIONS["DB_THREADS"] = 0`` uses Channels' thread instead, which sees a test's open transaction.
    """
    if conf.DB_THREADS == 0:
        return await database_sync_to_async(function)(*args, **kwargs)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool(), _run, partial(function, *args, **kwargs))
