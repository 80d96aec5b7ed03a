"""Have what was just written sent by the site's task backend, if it named one."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from ..conf import conf
from ..inbox.commit import LOOK_BACK, run_after_commit
from ..inbox.database import write_database
from ..models import Batch, Delivery, Status, TaskState
from ..signals import batch_scheduled, delivery_wanted

logger = logging.getLogger("notifications")

# One task sends all that is due, so in a burst one a second is enough.
BURST_SECONDS = 1.0


class _EnqueueAfterCommit:
    """A commit hook that gathers notifications for as long as its transaction lasts."""

    def __init__(self, using: str) -> None:
        self.__qualname__ = "enqueue_after_commit"  # Django names a hook that fails by it
        self.using = using
        self.notification_ids: set[int] = set()
        self.scheduled: list[datetime] = []

    def __call__(self) -> None:
        moments = [*self.scheduled, *self._first_due()]
        if moments:
            enqueue_at(min(moments))

    def _first_due(self) -> list[datetime]:
        if not self.notification_ids:
            return []
        rows = Delivery.objects.using(self.using).filter(
            notification_id__in=self.notification_ids, status=Status.QUEUED
        )
        first = rows.aggregate(first=Min("due_at"))["first"]
        return [first] if first else []


def _wanted(ids: Mapping[Any, int], using: str, **_: Any) -> None:
    if conf.TASK_BACKEND is not None:
        _after_commit(ids.values(), [], using=using)


def _scheduled(batch: Batch, using: str, **_: Any) -> None:
    if conf.TASK_BACKEND is not None and batch.due_at is not None:
        _after_commit([], [batch.due_at], using=using)


def _after_commit(notification_ids: Iterable[int], scheduled: Iterable[datetime], *, using: str) -> None:
    current = _current_hook(using)
    hook = current or _EnqueueAfterCommit(using)
    hook.notification_ids.update(notification_ids)
    hook.scheduled.extend(scheduled)
    if current is None:
        run_after_commit(hook, using=using)


def _current_hook(using: str) -> _EnqueueAfterCommit | None:
    hooks: Collection[Any] = transaction.get_connection(using).run_on_commit[-LOOK_BACK:]
    return next((hook for _, hook, *_ in hooks if isinstance(hook, _EnqueueAfterCommit)), None)


def connect() -> None:
    """Called once, when Django starts."""
    delivery_wanted.connect(_wanted, dispatch_uid="notifications.delivery.tasks")
    batch_scheduled.connect(_scheduled, dispatch_uid="notifications.delivery.tasks")


def _in_a_burst(asked: TaskState, now: datetime) -> bool:
    return asked.last_at is not None and now - asked.last_at < timedelta(seconds=BURST_SECONDS)


def _is_asked_for(asked: TaskState, moment: datetime, now: datetime) -> bool:
    """Whether a task begins before that; it will find out when the next is due."""
    return asked.next_at is not None and now < asked.next_at <= moment


def _note(fields: dict[str, datetime], *, using: str) -> None:
    """In the database: where each task has a process of its own, each would ask for the next ones."""
    rows = TaskState.objects.using(using)
    if not rows.filter(pk=1).update(**fields):
        rows.bulk_create([TaskState(**fields)], ignore_conflicts=True)


def enqueue_at(moment: datetime) -> None:
    """Let a task send what is due at that moment, or at once if it has passed.

    A backend that cannot wait (``supports_defer``) is asked for what is due now only: for what is due later there must
    be another task by then, or ``manage.py notifications_worker --once`` from cron.
    """
    from .tasks import backend, deliver_due  # needs a backend, which most sites do not have

    now, can_wait, using = timezone.now(), backend().supports_defer, write_database()
    asked = TaskState.objects.using(using).first() or TaskState()
    if moment <= now and can_wait and _in_a_burst(asked, now):
        moment = now + timedelta(seconds=BURST_SECONDS)
    at = moment if moment > now else None
    if at is not None and (not can_wait or _is_asked_for(asked, at, now)):
        return
    deliver_due.using(backend=conf.TASK_BACKEND, run_after=at).enqueue()
    # Not before: what was never asked for must not be taken for asked.
    _note({"last_at": now} if at is None else {"next_at": at}, using=using)
    logger.debug("a task was asked to deliver", extra={"at": str(at)})
