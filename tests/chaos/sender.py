"""The program beside the servers that sends: ``python -m tests.chaos.sender``. Knows the product and the tutorial.

Each line of its input is an order, ``{"users": [keys], "count": n, "per_second": n, "how": …}``; for each send it
prints a line, what it took or how it failed, and ``"done"`` at last. How:

``mixed``        every other send inside a transaction
``rolled_back``  inside a transaction that is rolled back
``dying``        by a child that ends, like a crash, between the commit and the numbering
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django
from django.apps import apps
from django.db import connections, transaction


class Undo(Exception):
    pass


def product_send(user: int, subject: str) -> int:
    from notifications import send_notification

    return int(send_notification(user, "stock_alert", subject)["notification_id"])


def tutorial_send(user: int, subject: str) -> int:
    from tests.chaos.tutorial.models import Notification

    return Notification.objects.create(user_id=user, subject=subject).pk


def once(send: Callable[[int, str], int], how: str, number: int, user: int) -> int | None:
    if how == "dying":
        return _in_dying_child(send, user, str(number))
    if how == "rolled_back":
        try:
            with transaction.atomic():
                send(user, str(number))
                raise Undo
        except Undo:
            return None
    if number % 2:
        with transaction.atomic():
            return send(user, str(number))
    return send(user, str(number))


def _in_dying_child(send: Callable[[int, str], int], user: int, subject: str) -> None:
    from notifications.inbox import commit

    connections.close_all()  # a connection must not have two owners
    if (child := os.fork()) == 0:
        commit.number = lambda *_, **__: os._exit(9)
        try:
            send(user, subject)
        finally:
            os._exit(1)  # it should have died before
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 9:
        raise RuntimeError("the child did not die between the commit and the numbering")


def answer(value: Any) -> None:
    print(json.dumps(value), flush=True)


def obey(send: Callable[[int, str], int], order: dict[str, Any]) -> None:
    begun = time.monotonic()
    for number in range(order["count"]):
        time.sleep(max(0.0, begun + number / order["per_second"] - time.monotonic()))
        started, pk, error = time.monotonic(), None, None
        user = order["users"][number % len(order["users"])]
        try:
            pk = once(send, order["how"], number, user)
        except Exception as caught:
            error = f"{type(caught).__name__}: {caught}"
        answer({"id": pk, "user": user, "seconds": time.monotonic() - started, "error": error})
    answer("done")


def main() -> None:
    django.setup()
    send = product_send if apps.is_installed("notifications") else tutorial_send
    answer("ready")
    for line in sys.stdin:
        obey(send, json.loads(line))


if __name__ == "__main__":
    main()
