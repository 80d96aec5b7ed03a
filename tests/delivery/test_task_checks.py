from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from notifications.delivery import task_checks
from notifications.delivery.task_checks import check_lease, check_task_backend


def found(settings: Any, **notifications: Any) -> list[tuple[str | None, str | None]]:
    settings.NOTIFICATIONS = notifications
    return [(message.id, message.hint) for message in [*check_task_backend(), *check_lease()]]


def test_nothing_is_wrong_with_the_defaults(settings: Any) -> None:
    assert found(settings) == []
    assert found(settings, TASK_BACKEND="default") == []


def test_a_backend_that_is_none(settings: Any) -> None:
    assert found(settings, TASK_BACKEND="defualt") == [("notifications.E041", "Did you mean 'default'?")]
    ((number, hint),) = found(settings, TASK_BACKEND="xyz")
    assert number == "notifications.E041"
    assert hint is not None
    assert hint.startswith("TASKS has: default")


def test_a_backend_that_cannot_wait(settings: Any) -> None:
    ((number, hint),) = found(settings, TASK_BACKEND="at_once")
    assert number == "notifications.W040"
    assert "notifications_worker --once" in str(hint)


def test_no_library_for_it(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    missing = {"django.tasks", "django_tasks"}
    monkeypatch.setattr(task_checks, "find_spec", lambda name: None if name in missing else find(name))
    ((number, hint),) = found(settings, TASK_BACKEND="default")
    assert number == "notifications.E040"
    assert "pip install django-tasks" in str(hint)


@pytest.mark.parametrize(
    "notifications",
    [
        {"DELIVERY_LEASE_SECONDS": 20.0},
        {"DELIVERY_TIMEOUT_SECONDS": 30.0},
        {"CHANNELS": {"webhook": {"TIMEOUT": 30}}},
    ],
)
def test_a_claim_that_ends_before_an_attempt_may(settings: Any, notifications: dict[str, Any]) -> None:
    ((number, hint),) = found(settings, **notifications)
    assert number == "notifications.W041"
    assert "or more" in str(hint)
