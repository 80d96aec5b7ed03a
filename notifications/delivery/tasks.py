"""The task that sends what is due, for ``django.tasks`` (Django 6) or ``django-tasks`` (before).

Imported only where ``NOTIFICATIONS["TASK_BACKEND"]`` names a backend: see :mod:`notifications.delivery.enqueue`.
"""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from ..conf import conf
from ..inbox.database import write_database
from .claims import next_due
from .enqueue import enqueue_at
from .worker import clean_up, drain, keep_house

if find_spec("django.tasks"):
    from django.tasks import task, task_backends
elif find_spec("django_tasks"):
    from django_tasks import task, task_backends  # type: ignore[no-redef, assignment]
else:
    raise ImproperlyConfigured(
        "NOTIFICATIONS['TASK_BACKEND'] needs Django 6, or the package django-tasks: pip install django-tasks. "
        "Or leave it out, and run manage.py notifications_worker."
    )

# Below the time that task queues give a task by default.
SECONDS_PER_TASK = 20.0


def backend() -> Any:
    """The one that ``TASK_BACKEND`` names."""
    return task_backends[conf.TASK_BACKEND]


def _queue() -> str:
    """``default`` if the backend has that, or any; otherwise the first that it has."""
    queues: set[str] = backend().queues
    return "default" if not queues or "default" in queues else min(queues)


@task(backend=conf.TASK_BACKEND, queue_name=_queue())
def deliver_due() -> int:
    """Send what is due, for a while, and see to it that another goes on. Returns how many deliveries were taken."""
    using, now = write_database(), timezone.now()
    if (moment := next_due(using=using)) and moment <= now:
        # If this one dies, its claims end, and somebody must be there.
        enqueue_at(now + timedelta(seconds=conf.DELIVERY_LEASE_SECONDS + 1))
    keep_house(using=using)
    clean_up(using=using)
    taken = drain(seconds=SECONDS_PER_TASK, using=using)
    if moment := next_due(using=using):
        # What is due and could not be taken (somebody holds it, say) is not asked for again and again.
        at_least = timezone.now() + timedelta(seconds=0 if taken else 1)
        enqueue_at(max(moment, at_least))
    return taken
