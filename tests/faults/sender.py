"""A program beside the servers that sends: ``python -m tests.faults.sender``.

Each line of its input is an order, ``{"users": [ids], "count": n, "per_second": n, "die": bool}``; for each send it
prints a line, what it took or how it failed, and ``"done"`` at last. With ``die`` it ends like a crash between
the commit of the last send and the numbering.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import django


def answer(value: Any) -> None:
    print(json.dumps(value), flush=True)


def obey(order: dict[str, Any]) -> None:
    from notifications.inbox import commit
    from notifications.inbox.sending import send_notification

    begun = time.monotonic()
    for number in range(order["count"]):
        time.sleep(max(0.0, begun + number / order["per_second"] - time.monotonic()))
        if order["die"] and number == order["count"] - 1:
            commit.number = lambda *_, **__: os._exit(9)
        started, error = time.monotonic(), None
        try:
            send_notification(order["users"][number % len(order["users"])], "stock_alert", str(number))
        except Exception as caught:
            error = f"{type(caught).__name__}: {caught}"
        answer({"seconds": time.monotonic() - started, "error": error})
    answer("done")


if __name__ == "__main__":
    django.setup()
    for line in sys.stdin:
        obey(json.loads(line))
