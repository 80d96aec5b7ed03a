"""The program beside the servers that sends: ``python -m tests.chaos.sender``. Knows the product and the tutorial.

Each line of its input is an order, ``{"users": [keys], "count": n, "per_second": n, "how": …, "size": n}``; for
each send it prints a line, when it began, what it took or how it failed, and ``"done"`` at last. The size is the
message's, in characters. How:

``mixed``        every other send inside a transaction
``rolled_back``  inside a transaction that is rolled back
``dying``        by a child that ends, like a crash, between the commit and the numbering
``to_all``       each to all users, with one call where there is one for that
``racing``       half are sends; the rest read, unread, archive and unarchive what was sent; some in slow transactions
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import django
from django.apps import apps
from django.db import close_old_connections, connections, transaction

_sent_to: dict[int, list[int]] = defaultdict(list)


class Undo(Exception):
    pass


def product_send(user: int, subject: str, message: str = "") -> int:
    from notifications import send_notification

    return int(send_notification(user, "stock_alert", subject, message)["notification_id"])


def tutorial_send(user: int, subject: str, message: str = "") -> int:
    from tests.chaos.tutorial.models import Notification

    return Notification.objects.create(user_id=user, subject=subject, message=message).pk


def to_all(send: partial[int], users: list[int], subject: str) -> None:
    if send.func is tutorial_send:
        for user in users:
            send(user, subject)
        return
    from notifications import send_notifications

    send_notifications(users, "stock_alert", subject, **send.keywords)


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
    if how == "racing":
        return _race(send, user, number)
    if number % 2:
        with transaction.atomic():
            return send(user, str(number))
    return send(user, str(number))


def _race(send: Callable[[int, str], int], user: int, number: int) -> int | None:
    from notifications.inbox import services

    mine = _sent_to[user]
    with transaction.atomic() if number % 3 == 0 else nullcontext():
        if number % 2 or not mine:
            mine.append(pk := send(user, str(number)))
        else:
            pk = None
            change = getattr(services, random.choice(["mark_read", "mark_unread", "archive", "unarchive"]))
            change(user, random.sample(mine, min(3, len(mine))))
        if number % 12 == 0:
            time.sleep(0.05)  # somebody's transaction takes its time
    return pk


def _in_dying_child(send: Callable[[int, str], int], user: int, subject: str) -> None:
    from notifications.inbox import commit

    connections.close_all()  # a connection must not have two owners
    if (child := os.fork()) == 0:
        commit.number = commit.number_one = lambda *_, **__: os._exit(9)
        try:
            with transaction.atomic():  # outside one, PostgreSQL numbers in the statement that inserts
                send(user, subject)
        finally:
            os._exit(1)  # it should have died before
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 9:
        raise RuntimeError("the child did not die between the commit and the numbering")


def answer(value: Any) -> None:
    print(json.dumps(value), flush=True)


def text(size: int) -> str:
    """So many characters, the last of which makes Python keep each of them in four bytes."""
    return "x" * (size - 1) + "😀" if size else ""


def obey(send: Callable[[int, str], int], order: dict[str, Any]) -> None:
    due, send = time.monotonic(), partial(send, message=text(order["size"]))
    for number in range(order["count"]):
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic()) + 1 / order["per_second"]  # what was late is not made up for by a burst
        started, pk, error = time.monotonic(), None, None
        user = order["users"][number % len(order["users"])]
        try:
            if order["how"] == "to_all":
                to_all(send, order["users"], str(number))
            else:
                pk = once(send, order["how"], number, user)
        except Exception as caught:
            error = f"{type(caught).__name__}: {caught}"
            close_old_connections()  # as every worker does: one that broke must not stay
        answer({"id": pk, "user": user, "at": started, "seconds": time.monotonic() - started, "error": error})
    answer("done")


def main() -> None:
    django.setup()
    send = product_send if apps.is_installed("notifications") else tutorial_send
    answer("ready")
    for line in sys.stdin:
        obey(send, json.loads(line))


if __name__ == "__main__":
    main()
