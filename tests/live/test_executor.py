"""Threads of our own keep their database connections, and notice when one has died."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.servers import ROOT, database_url

PROGRAM = """
import asyncio, sys
import django
django.setup()
from django.db import connection
from notifications.conf import conf
from notifications.live import executor
from notifications.live.executor import run_db

def which():
    connection.ensure_connection()
    return id(connection.connection)

def cut():
    connection.ensure_connection()
    connection.connection.close()

async def main():
    first = await run_db(which)
    print("kept", await run_db(which) == first)
    await run_db(cut)
    executor.TRUST_SECONDS = -1.0
    print("noticed", bool(await run_db(which)))
    executor.KEEP_SECONDS = -1.0
    executor._thread.kept.clear()
    await run_db(lambda: connection.close())
    await run_db(which)
    print("given up", await run_db(lambda: connection.connection is None))

asyncio.run(main())
"""


@pytest.mark.skipif(
    "__import__('django.db').db.connection.vendor == 'sqlite'", reason="SQLite's file is opened for each job"
)
def test_a_connection_is_kept_checked_and_given_up(db: None) -> None:
    env = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    env["TEST_NOTIFICATIONS"] = '{"DB_THREADS": 1}'
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split("\n") == ["kept True", "noticed True", "given up True", ""], done.stderr
