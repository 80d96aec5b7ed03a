"""Several writers at once, each on a database connection of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction

from tests.servers import ROOT, database_url

needs_row_locks = pytest.mark.skipif(
    "not __import__('django.db').db.connection.features.has_select_for_update",
    reason="SQLite has one lock for the whole database",
)

WHO_WAITS = {
    "postgresql": "SELECT count(*) FROM pg_locks WHERE NOT granted",
    # innodb_trx, which would say who, stands still for whoever asks often.
    "mysql": "SELECT CAST(variable_value AS INTEGER) FROM information_schema.global_status"
    " WHERE variable_name = 'innodb_row_lock_current_waits'",
}


def at_once(work: Callable[[int], Any], count: int = 8) -> list[Any]:
    """Call ``work(0)`` … ``work(count - 1)`` at the same moment and return their answers.

    Raises:
        Exception: the first that any of them raised, after all have ended.
    """
    answers: list[Any] = [None] * count
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait()
            answers[number] = work(number)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return answers


@contextmanager
def elsewhere(work: Any) -> Iterator[None]:
    """While the body runs, another connection stays in the transaction in which ``work`` was done."""
    ready, go = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            work()
            ready.set()
            go.wait(30)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        go.set()
        thread.join()


def until_waiting(count: int = 1) -> None:
    """Return when so many connections wait for locks. There is no event to wait for: the database is asked."""
    waiting = 0
    while waiting < count:
        with connection.cursor() as cursor:
            cursor.execute(WHO_WAITS[connection.vendor])
            (waiting,) = cursor.fetchone()


def in_a_child(work: Callable[[], Any]) -> int:
    """Call ``work`` in a forked process and return how that ended: an exit code, or minus the signal."""
    connections.close_all()  # a connection cannot be shared
    if (pid := os.fork()) == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


PRELUDE = """
import os, sys
os.environ["DATABASE_URL"] = {url!r}
import django
django.setup()
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from notifications.inbox import sequencer
from notifications.inbox.services import *
from notifications.models import *
"""


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a process of its own, on this test's database. It may end itself; the caller looks how."""
    program = PRELUDE.format(url=database_url()) + code
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
