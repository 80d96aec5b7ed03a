"""Several writers at once, each on a database connection of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connections

from tests.servers import ROOT, database_url


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
