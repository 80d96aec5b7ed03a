"""The clock that a page shows."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from ..preferences.parsing import time_zones


def zone_named(*names: str) -> ZoneInfo | None:
    """The first that this machine knows, or the site's own: one that was stored may be gone from the machine since.

    ``None`` on a site without ``USE_TZ``.
    """
    if not settings.USE_TZ:
        return None
    return ZoneInfo(next((name for name in names if name in time_zones()), timezone.get_default_timezone_name()))
