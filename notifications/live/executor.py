"""Database work of the event loop, on a few threads of its own.

Channels runs everything on one thread; there a single slow query freezes every other socket of the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import close_old_connections

from ..conf import conf

P = ParamSpec("P")
R = TypeVar("R")


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(conf.DB_THREADS, thread_name_prefix="notifications-db")


def _run(function: Callable[[], R]) -> R:
    close_old_connections()
    try:
        return function()
    finally:
        close_old_connections()


async def run_db(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run ``function`` where it may use the ORM, and return what it returns.

    ``NOTIFICATIONS["DB_THREADS"] = 0`` uses Channels' thread instead, which sees a test's open transaction.
    """
    if conf.DB_THREADS == 0:
        return await database_sync_to_async(function)(*args, **kwargs)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool(), _run, partial(function, *args, **kwargs))
