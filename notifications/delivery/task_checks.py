"""``manage.py check`` of who runs deliveries, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from ..conf import conf

# An attempt is more than one answer of a provider: it connects, says who it is, and sends.
ANSWERS_PER_ATTEMPT = 3


@register(Tags.compatibility)
def check_task_backend(**_: Any) -> list[CheckMessage]:
    """``TASK_BACKEND`` names a backend that there is, and that can wait."""
    if conf.TASK_BACKEND is None:
        return []
    if not find_spec("django.tasks") and not find_spec("django_tasks"):
        return [
            Error(
                "NOTIFICATIONS['TASK_BACKEND'] needs Django 6, or the package django-tasks.",
                hint="pip install django-tasks, or leave TASK_BACKEND out and run manage.py notifications_worker.",
                id="notifications.E040",
            )
        ]
    known = getattr(settings, "TASKS", None) or {}
    if conf.TASK_BACKEND not in known:
        nearest = get_close_matches(str(conf.TASK_BACKEND), known, n=1)
        return [
            Error(
                f"NOTIFICATIONS['TASK_BACKEND'] is {conf.TASK_BACKEND!r}, which TASKS does not have.",
                hint=f"Did you mean {nearest[0]!r}?" if nearest else f"TASKS has: {', '.join(known) or 'nothing'}.",
                id="notifications.E041",
            )
        ]
    return list(_cannot_wait())


def _cannot_wait() -> Iterator[CheckMessage]:
    from .tasks import backend

    if not backend().supports_defer:
        yield Warning(
            f"The task backend {conf.TASK_BACKEND!r} runs everything at once: what is due later (a second attempt, "
            "quiet hours, digests) would wait for the next send.",
            hint="Run manage.py notifications_worker --once from cron, or use a backend that takes run_after.",
            id="notifications.W040",
        )


@register(Tags.compatibility)
def check_lease(**_: Any) -> list[CheckMessage]:
    """A claim lasts longer than an attempt, or another worker makes a second one meanwhile."""
    timeouts = [options.get("TIMEOUT") for options in conf.CHANNELS.values() if hasattr(options, "get")]
    numbers = [each for each in timeouts if isinstance(each, int | float)]
    longest = max([conf.DELIVERY_TIMEOUT_SECONDS, *numbers])
    needed = ANSWERS_PER_ATTEMPT * longest
    if needed <= conf.DELIVERY_LEASE_SECONDS:
        return []
    return [
        Warning(
            f"NOTIFICATIONS['DELIVERY_LEASE_SECONDS'] is {conf.DELIVERY_LEASE_SECONDS:g}, but a provider may take "
            f"{longest:g} s for each answer: what one worker is still sending, another would send again.",
            hint=f"Set it to {needed:g} or more, or make the TIMEOUT shorter.",
            id="notifications.W041",
        )
    ]
