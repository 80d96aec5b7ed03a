"""What a notification weighs: ``python -m benchmarks.capacity.sizes`` asks a real PostgreSQL of its own.

100,000 notifications to 2,000 people, in bulk and singly, of the size of the serving benchmarks' (about 300 bytes of
text). Prints the fields of :class:`~benchmarks.capacity.constants.Constants` that are sizes; takes half a minute.
"""

from __future__ import annotations

import json
import logging
import os
import random
import time
from pathlib import Path
from typing import Any

from benchmarks.serving import message
from tests.services import NO_POSTGRES, Postgres, find_postgres

PEOPLE = 2_000
BULK_SENDS = 50
SINGLE_SENDS = 2_000

CONTENT: dict[str, Any] = {
    "notification_type": message.TYPE,
    "subject": message.SUBJECT,
    "message": message.MESSAGE,
    "data": {"ts": message.LATER},
    "url": "/stock/42/",
}


class Durable(Postgres):
    """As PostgreSQL comes: ``fsync`` and whole pages in the log after each checkpoint. That is what disks see."""

    SETTINGS = (  # no checkpoint but ours, and the rest as it comes
        "listen_addresses=",
        "max_connections=50",
        "max_wal_size=4GB",
        "min_wal_size=1GB",
        "checkpoint_timeout=1h",
    )


def measure() -> dict[str, float]:
    """Fill the tables and ask the database how large they have become."""
    from django.contrib.auth import get_user_model
    from django.db import connection

    from notifications.inbox.services import send_notification, send_notifications

    users = get_user_model()
    users.objects.bulk_create(users(username=f"person{number}") for number in range(PEOPLE))
    people = list(users.objects.order_by("pk").values_list("pk", flat=True))

    send_notifications(people, **CONTENT)  # makes the inboxes
    with connection.cursor() as cursor:
        # Now, because later it holds what vacuum has not yet cleared: each number given leaves an old version.
        inbox_bytes = _one(cursor, "SELECT pg_total_relation_size('ntf_inbox')") / PEOPLE
        cursor.execute("CHECKPOINT")
        before, started = _wal(cursor), time.perf_counter()
        for _ in range(BULK_SENDS):
            send_notifications(people, **CONTENT)
        seconds = time.perf_counter() - started
        after_bulk = _wal(cursor)
        dice = random.Random(1)
        for user_id in dice.choices(people, k=SINGLE_SENDS):
            send_notification(user_id, **CONTENT)
        after_single = _wal(cursor)
        rows = _one(cursor, "SELECT count(*) FROM ntf_notification")
        return {
            "row_bytes": _one(cursor, "SELECT pg_table_size('ntf_notification')") / rows,
            "row_index_bytes": _one(cursor, "SELECT pg_indexes_size('ntf_notification')") / rows,
            "inbox_bytes": inbox_bytes,
            "wal_bytes_per_bulk_row": (after_bulk - before) / (PEOPLE * BULK_SENDS),
            "wal_bytes_per_single_send": (after_single - after_bulk) / SINGLE_SENDS,
            "rows": rows,
            "bulk_rows_per_second": PEOPLE * BULK_SENDS / seconds,
        }


def _one(cursor: Any, sql: str) -> float:
    cursor.execute(sql)
    return float(cursor.fetchone()[0])


def _wal(cursor: Any) -> float:
    return _one(cursor, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")


def main() -> None:
    found = find_postgres()
    if not isinstance(found, Postgres):
        raise SystemExit(f"{NO_POSTGRES} This needs one of its own.")
    binaries: Path = found.binaries
    with Durable(binaries, found.source) as postgres:
        os.environ |= {"DATABASE_URL": postgres.url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        os.environ.pop("REDIS_URL", None)
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        logging.disable(logging.INFO)
        call_command("migrate", verbosity=0)
        print(json.dumps({name: round(value, 1) for name, value in measure().items()}, indent=2))
        connections.close_all()


if __name__ == "__main__":
    main()
