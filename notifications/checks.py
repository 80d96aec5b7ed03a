"""``manage.py check``: what would go wrong later, said before it does, with the cure."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.metadata import packages_distributions
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from .auth.keys import DEV_KEY
from .conf import KEYS, Settings, conf
from .delivery import checks as _delivery_checks  # noqa: F401 - they register themselves
from .models import Notification

DISTRIBUTION = "django-live-notifications"
LEAST_CAPACITY = 10_000
REDIS_POP_SECONDS = 5
SHORTEST_SERVICE_KEY = 20
MAY_BE_ZERO = {"DB_THREADS", "GAP_SECONDS", "TOMBSTONE_DAYS"}


@register(Tags.compatibility)
def check_distribution(**_: Any) -> list[CheckMessage]:
    """Several packages on the index are imported as ``notifications``; pip merges them into one folder."""
    owners = set(packages_distributions().get("notifications", ())) - {DISTRIBUTION}
    return [
        Error(
            f"{owner!r} installs a module named 'notifications' too, over this one's files.",
            hint=f"pip uninstall {owner} {DISTRIBUTION}, then pip install {DISTRIBUTION}.",
            id="notifications.E001",
        )
        for owner in sorted(owners)
    ]


@register(Tags.compatibility)
def check_settings(**_: Any) -> list[CheckMessage]:
    """Every key of ``NOTIFICATIONS`` is known, of the right type and in range."""
    given = getattr(settings, "NOTIFICATIONS", None) or {}
    if not isinstance(given, dict):
        return [Error("NOTIFICATIONS must be a dict.", id="notifications.E002")]
    return [*_unknown_keys(given), *_wrong_types(given)]


def _unknown_keys(given: dict[str, Any]) -> Iterable[CheckMessage]:
    for key in given:
        if key not in KEYS:
            nearest = get_close_matches(str(key), KEYS, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Known: {', '.join(sorted(KEYS))}."
            yield Error(f"NOTIFICATIONS has an unknown key {key!r}.", hint=hint, id="notifications.E002")


def _wrong_types(given: dict[str, Any]) -> Iterable[CheckMessage]:
    hints = get_type_hints(Settings)
    for key, value in given.items():
        if key not in KEYS or key == "CHANNELS":  # which has checks of its own
            continue
        accepted = _classes(hints[key])
        if key == "ALLOWED_ORIGINS":
            right = isinstance(value, tuple | list) and all(isinstance(item, str) for item in value)
        else:
            right = isinstance(value, accepted + ((int,) if float in accepted else ()))
            right = right and (not isinstance(value, bool) or bool in accepted)
        names = " or ".join(getattr(kind, "__name__", str(kind)) for kind in accepted)
        if right and type(value) in {int, float} and value <= 0 and key not in MAY_BE_ZERO:
            right, names = False, f"{names}, above 0"
        if not right:
            yield Error(f"NOTIFICATIONS[{key!r}] is {value!r}.", hint=f"It must be {names}.", id="notifications.E003")


def _classes(hint: Any) -> tuple[type, ...]:
    """Of ``float | None``, say, or of ``Mapping[str, Any]``, what ``isinstance()`` takes."""
    if isinstance(hint, UnionType):
        return get_args(hint)
    return (get_origin(hint) or hint,)


@register(Tags.database)
def check_database(**_: Any) -> list[CheckMessage]:
    """Notifications live beside the users they refer to, in a database that serves two writers."""
    own, users = router.db_for_write(Notification), router.db_for_write(get_user_model())
    if own != users:
        return [
            Error(
                f"Notifications would be written to database {own!r}, but users live in {users!r}.",
                hint="Let DATABASE_ROUTERS send the app 'notifications' to the users' database.",
                id="notifications.E004",
            )
        ]
    connection = connections[own]
    options = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor == "sqlite" and options.get("transaction_mode") != "IMMEDIATE":
        return [
            Warning(
                "SQLite without 'transaction_mode': 'IMMEDIATE' fails with 'database is locked' when two write.",
                hint='Add "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, '
                '"init_command": "PRAGMA journal_mode=WAL;"} to DATABASES.',
                id="notifications.W001",
            )
        ]
    return list(_mysql(connection)) if connection.vendor == "mysql" else []


def _mysql(connection: BaseDatabaseWrapper) -> Iterable[CheckMessage]:
    if not connection.features.supports_transactions:
        yield Error(
            "The database's storage engine has no transactions: counts would drift, and numbers be given twice.",
            hint='Create the tables with InnoDB: "OPTIONS": {"init_command": "SET default_storage_engine=INNODB"}.',
            id="notifications.E005",
        )
    if not connection.features.has_select_for_update_skip_locked:
        yield Error(
            "This version of the database knows neither SKIP LOCKED nor JSON_TABLE.",
            hint="Use MariaDB 10.6, MySQL 8.0.11, or newer.",
            id="notifications.E006",
        )
    with connection.cursor() as cursor:
        # MariaDB's and MySQL's names for the same.
        cursor.execute("SHOW VARIABLES WHERE variable_name IN ('tx_isolation', 'transaction_isolation')")
        level = cursor.fetchone()[1]
        cursor.execute("SELECT @@character_set_database")
        charset = cursor.fetchone()[0]
    if level != "READ-COMMITTED":
        yield Warning(
            f"The isolation level is {level}. Above 'read committed' senders fail: of two with the same dedupe_key, "
            "and in deadlocks over the gaps between rows. Below it, people are shown what may be rolled back.",
            hint='Leave "isolation_level" out of the OPTIONS of DATABASES, or set it to "read committed".',
            id="notifications.W005",
        )
    if charset != "utf8mb4":
        yield Warning(
            f"The database's character set is {charset}: a notification with any other character, such as an emoji, "
            "is refused.",
            hint="ALTER DATABASE … CHARACTER SET utf8mb4, before the first migrate.",
            id="notifications.W006",
        )


@register(Tags.compatibility)
def check_channel_layer(**_: Any) -> list[CheckMessage]:
    """The core Redis layer works, with two settings that its defaults do not have."""
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get(conf.CHANNEL_LAYER, {})
    if layer.get("BACKEND") != "channels_redis.core.RedisChannelLayer":
        return []
    config = layer.get("CONFIG", {})
    messages: list[CheckMessage] = []
    cure = 'Use "channels_redis.pubsub.RedisPubSubChannelLayer", or '
    if config.get("capacity", 100) < LEAST_CAPACITY:
        messages.append(
            Warning(
                "The core Redis layer drops messages beyond its capacity, which all sockets of a process share.",
                hint=f'{cure}set "capacity": {LEAST_CAPACITY}.',
                id="notifications.W002",
            )
        )
    if not all(_waits_long_enough(host) for host in config.get("hosts", ["redis://localhost:6379"])):
        messages.append(
            Warning(
                "With redis-py 8 the core Redis layer's idle sockets fail every few seconds: the default "
                f"socket_timeout ends its {REDIS_POP_SECONDS} s wait for messages.",
                hint=f'{cure}give each host as {{"address": …, "socket_timeout": 15}}.',
                id="notifications.W003",
            )
        )
    return messages


def _waits_long_enough(host: Any) -> bool:
    if not isinstance(host, dict) or "socket_timeout" not in host:
        return False
    seconds = host["socket_timeout"]
    return seconds is None or seconds > REDIS_POP_SECONDS


@register(Tags.security, deploy=True)
def check_service_key(**_: Any) -> list[CheckMessage]:
    """Whoever has the service key reads everybody's notifications: it must not be guessable."""
    key = os.environ.get("DASHBOARD_API_KEY", "") if conf.SERVICE_KEY is None else conf.SERVICE_KEY
    if not key or len(key) >= SHORTEST_SERVICE_KEY:
        return []
    return [
        Warning(
            f"The service key has {len(key)} characters"
            + (", and 'dev' works only while DEBUG is on." if key == DEV_KEY else "; it can be guessed."),
            hint="Set DASHBOARD_API_KEY to a long random text, such as that of "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))', or leave it unset to have no service key.",
            id="notifications.W004",
        )
    ]
