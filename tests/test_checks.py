from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from notifications import checks
from notifications.conf import conf


def ids(messages: list[Any]) -> list[str]:
    return [message.id for message in messages]


def test_the_project_itself_passes(settings: Any) -> None:
    assert checks.check_distribution() == []
    assert checks.check_settings() == []
    assert checks.check_channel_layer() == []


def test_another_distribution_of_the_same_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"notifications": ["django-notifications-hq", "django-live-notifications"]}
    monkeypatch.setattr(checks, "packages_distributions", lambda: owners)
    [error] = checks.check_distribution()
    assert error.id == "notifications.E001"
    assert "pip uninstall django-notifications-hq" in error.hint


def test_an_unknown_key_names_the_nearest(settings: Any) -> None:
    settings.NOTIFICATIONS = {"RECONCILE_SECOND": 3}
    [error] = checks.check_settings()
    assert (error.id, error.hint) == ("notifications.E002", "Did you mean 'RECONCILE_SECONDS'?")
    assert conf.RECONCILE_SECONDS is None  # and the site runs on


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DB_THREADS", "4"),
        ("DB_THREADS", True),
        ("SWEEP_SECONDS", "1"),
        ("ALLOWED_ORIGINS", "app.example.com"),
        ("SERVICE_KEY", b"key"),
        ("RETENTION_DAYS", 1.5),
        ("CHUNK_SIZE", 0),
        ("SWEEP_SECONDS", 0),
        ("MAX_REPLAY", -1),
    ],
)
def test_a_value_of_the_wrong_type(settings: Any, key: str, value: Any) -> None:
    settings.NOTIFICATIONS = {key: value}
    assert ids(checks.check_settings()) == ["notifications.E003"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SWEEP_SECONDS", 1),
        ("SWEEP_SECONDS", 0.5),
        ("ALLOWED_ORIGINS", ["app.example.com"]),
        ("RETENTION_DAYS", None),
        ("KEY_IN_QUERY_STRING", True),
        ("DB_THREADS", 0),
    ],
)
def test_a_value_of_the_right_type(settings: Any, key: str, value: Any) -> None:
    settings.NOTIFICATIONS = {key: value}
    assert checks.check_settings() == []


def test_notifications_live_beside_users(settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.test_checks.ElsewhereRouter"]
    assert ids(checks.check_database()) == ["notifications.E004"]


class ElsewhereRouter:
    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "elsewhere" if model._meta.app_label == "notifications" else None


def test_sqlite_without_immediate_transactions(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    assert checks.check_database() == []
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {})
    assert ids(checks.check_database()) == ["notifications.W001"]


@pytest.fixture
def mysql(transactional_db: None) -> Iterator[Any]:
    from django.db import connection

    if connection.vendor != "mysql":
        pytest.skip("MySQL and MariaDB only")
    assert checks.check_database() == []
    yield connection
    connection.close()


@pytest.mark.parametrize("level", [None, "repeatable read", "SERIALIZABLE", "read uncommitted"])
def test_an_isolation_above_read_committed(mysql: Any, monkeypatch: pytest.MonkeyPatch, level: str | None) -> None:
    """``None`` is what the server says, and MariaDB says repeatable read if nobody has changed it."""
    with monkeypatch.context() as patch:
        patch.setitem(mysql.settings_dict["OPTIONS"], "isolation_level", level)
        mysql.close()
        assert ids(checks.check_database()) == ["notifications.W005"]
    mysql.close()
    assert checks.check_database() == []


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("supports_transactions", "notifications.E005"),
        ("has_select_for_update_skip_locked", "notifications.E006"),
    ],
)
def test_a_database_without(mysql: Any, monkeypatch: pytest.MonkeyPatch, feature: str, expected: str) -> None:
    monkeypatch.setattr(mysql.features, feature, False)
    assert ids(checks.check_database()) == [expected]


def test_a_character_set_that_does_not_hold_every_character(mysql: Any) -> None:
    with mysql.cursor() as cursor:
        cursor.execute("ALTER DATABASE CHARACTER SET latin1")
        try:
            [warning] = checks.check_database()
        finally:
            cursor.execute("ALTER DATABASE CHARACTER SET utf8mb4")
    assert warning.id == "notifications.W006"
    assert "latin1" in warning.msg


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ["notifications.W002", "notifications.W003"]),
        ({"capacity": 10_000}, ["notifications.W003"]),
        ({"capacity": 10_000, "hosts": [{"address": "redis://r", "socket_timeout": 5}]}, ["notifications.W003"]),
        ({"capacity": 10_000, "hosts": [{"address": "redis://r", "socket_timeout": 15}]}, []),
        ({"capacity": 10_000, "hosts": [{"address": "redis://r", "socket_timeout": None}]}, []),
    ],
)
def test_the_core_redis_layer_needs_two_settings(settings: Any, config: dict[str, Any], expected: list[str]) -> None:
    backend = "channels_redis.core.RedisChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}
    assert ids(checks.check_channel_layer()) == expected


@pytest.mark.parametrize(("key", "expected"), [("dev", 1), ("short", 1), ("", 0), ("x" * 32, 0)])
def test_a_service_key_that_can_be_guessed(monkeypatch: pytest.MonkeyPatch, key: str, expected: int) -> None:
    monkeypatch.setenv("DASHBOARD_API_KEY", key)
    assert ids(checks.check_service_key()) == ["notifications.W004"] * expected
