"""The one ``NOTIFICATIONS`` dict of a site's settings, with typed defaults, read lazily."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every key is optional. Durations are seconds, sizes are bytes.

    ``None`` means "decide from the site": see the comment beside each such key.
    """

    # -- names
    GROUP_PREFIX: str = "notifications"  # two sites on one Redis need two prefixes
    CHANNEL_LAYER: str = "default"  # alias in CHANNEL_LAYERS; absent there: the database alone carries the stream

    # -- who may connect
    SERVICE_KEY: str | None = None  # None: environment DASHBOARD_API_KEY, or "dev" while DEBUG
    KEY_IN_QUERY_STRING: bool | None = None  # None: only while DEBUG, because URLs end up in logs
    ALLOWED_ORIGINS: tuple[str, ...] = ()  # hosts beside the site's own, such as "app.example.com:8443"
    RIGHTS_SECONDS: float = 10.0  # how often open sockets' rights are looked at again

    # -- the inbox
    MAX_IDS: int = 500  # ids in one command or one frame
    CHUNK_SIZE: int = 300  # people per transaction of a send to many, who wait for it if somebody writes to them
    LOCK_TIMEOUT_SECONDS: float = 1.0
    TOMBSTONE_DAYS: int = 7  # how long a deletion is remembered for clients that are away
    RETENTION_DAYS: int | None = None  # None: keep notifications for ever

    # -- delivery channels beside the inbox: name to options
    CHANNELS: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    SITE_URL: str = ""  # such as "https://www.example.org": messages that leave the site need whole addresses
    USER_LANGUAGE: str | None = None  # look-up from the user; None: only what people choose on the preferences page
    TASK_BACKEND: str | None = None  # alias in TASKS that runs deliveries; None: manage.py notifications_worker does
    DELIVERY_LEASE_SECONDS: float = 60.0  # after which what a dead worker had taken is taken again
    DELIVERY_TIMEOUT_SECONDS: float = 10.0  # of one answer of a provider
    DELIVERY_ATTEMPTS: int = 12  # after which a delivery has failed; with the pauses below within half a day
    DELIVERY_RETRY_SECONDS: float = 30.0  # before the second attempt; then twice as long each time
    DELIVERY_RETRY_MOST_SECONDS: float = 4 * 3600.0
    CIRCUIT_FAILURES: int = 5  # in a row, after which a channel is left alone
    CIRCUIT_SECONDS: float = 30.0  # for so long; twice as long each time that it fails again, up to 10 minutes

    # -- the stream
    MAX_REPLAY: int = 500  # changed rows; a client further behind loads the list anew
    RECONCILE_SECONDS: float | None = None  # None: 5 with a layer between processes, else 2
    SWEEP_SECONDS: float = 1.0
    EXPIRE_SECONDS: float = 30.0
    PUBLISH_TIMEOUT_SECONDS: float = 0.5
    GAP_SECONDS: float = 0.05  # how long a missing hint may still arrive before the database is asked
    TUNE_GARBAGE_COLLECTOR: bool = False  # of the whole process: see notifications.live.collector
    DB_THREADS: int = 4  # 0: Channels' own single thread, for tests inside a transaction

    # -- one socket
    PING_INTERVAL_SECONDS: float = 30.0
    PING_TIMEOUT_SECONDS: float = 5.0
    SILENCE_SECONDS: float = 300.0
    MAX_FRAME_BYTES: int = 16_384
    MAX_FRAME_DEPTH: int = 10
    FRAMES_PER_SECOND: float = 10.0
    FRAMES_BURST: int = 20
    MAX_WAITING_BYTES: int = 1_000_000
    MAX_WAITING_FRAMES: int = 1_000


KEYS = {field.name: field for field in fields(Settings)}


@lru_cache(maxsize=1)
def _load() -> Settings:
    given: dict[str, Any] = getattr(django_settings, "NOTIFICATIONS", None) or {}
    # Unknown keys are a system check's business (notifications.E002): a typo must not stop a running site.
    return Settings(**{key: value for key, value in given.items() if key in KEYS})


class _LazySettings:
    """Attribute access to the current :class:`Settings`; follows ``override_settings`` in tests."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_load(), name)


conf = _LazySettings()


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "NOTIFICATIONS":
        _load.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.conf")
