"""What pages and sockets ask of a large table."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIRequestFactory, force_authenticate

from notifications.inbox.changes import changes_since, inbox_states
from notifications.inbox.database import write_database
from notifications.rest.collection import NotificationsView

CHANGED_ROWS = 10
WARM_UP_CALLS = 5


class Watch:
    """An ``execute_wrapper`` that adds up what statements took, reading their rows included, by kind."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        kind = kind_of(sql)
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.add(kind, time.perf_counter() - began)
            context["cursor"].cursor = Fetching(context["cursor"].cursor, self, kind)

    def add(self, kind: str, seconds: float) -> None:
        self.seconds[kind] = self.seconds.get(kind, 0.0) + seconds


class Fetching:
    """A cursor whose fetches are timed, too: SQLite looks for the next row only when it is fetched."""

    def __init__(self, cursor: Any, watch: Watch, kind: str) -> None:
        self._cursor: Any = cursor._cursor if isinstance(cursor, Fetching) else cursor
        self._watch, self._kind = watch, kind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cursor, name)
        return self._timed(found) if name.startswith("fetch") else found

    def __iter__(self) -> Iterator[Any]:
        return iter(self._timed(self._cursor.fetchall)())

    def _timed(self, fetch: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            began = time.perf_counter()
            try:
                return fetch(*args)
            finally:
                self._watch.add(self._kind, time.perf_counter() - began)

        return timed


def kind_of(sql: str) -> str:
    if "COUNT(" in sql.upper():
        return "count"
    return "rows" if "ntf_notification" in sql else "state"


def read(calls: int) -> dict[str, dict[str, float]]:
    """For each read the median milliseconds of a call, and of its statements by kind; users are chosen at random."""
    using = write_database()
    users = list(User.objects.order_by("pk"))
    last_rev = inbox_states([1], using=using)[1].rev
    since = last_rev - CHANGED_ROWS
    chance = random.Random(1)
    reads: dict[str, Callable[[], Any]] = {
        "list": lambda: _list_page(chance.choice(users)),
        "changes": lambda: changes_since({chance.choice(users).pk: since}, using=using),
        "snapshot": lambda: inbox_states([chance.choice(users).pk], using=using),
        "snapshots": lambda: inbox_states([user.pk for user in users], using=using),
    }
    _check(reads)
    return {name: _medians(call, calls) for name, call in reads.items()}


def _list_page(user: User) -> Any:
    request = APIRequestFactory().get("/api/notifications", {"page": 1, "per_page": 20})
    force_authenticate(request, user)
    return NotificationsView.as_view()(request)


def _check(reads: dict[str, Callable[[], Any]]) -> None:
    page = reads["list"]()
    assert page.status_code == 200, page.data
    assert len(page.data["notifications"]) == 20
    (changes,) = reads["changes"]().values()
    assert len(changes.rows) == CHANGED_ROWS
    assert len(reads["snapshots"]()) == User.objects.count()


def _medians(call: Callable[[], Any], calls: int) -> dict[str, float]:
    for _ in range(WARM_UP_CALLS):
        call()
    seen: list[dict[str, float]] = []
    for _ in range(calls):
        watch = Watch()
        with connection.execute_wrapper(watch):
            began = time.perf_counter()
            call()
            seconds = time.perf_counter() - began
        seen.append({**watch.seconds, "queries": sum(watch.seconds.values()), "call": seconds})
    return {kind: statistics.median(one[kind] for one in seen) * 1000 for kind in seen[0]}
