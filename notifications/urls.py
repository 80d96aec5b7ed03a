"""``path("", include("notifications.urls"))``; the names are ``notifications:api-…``.

Every address works with and without a final slash and never redirects: a redirected ``PUT`` loses its body.
"""

from __future__ import annotations

from django.urls import URLPattern, re_path
from rest_framework.views import APIView

from .rest.collection import NotificationsView
from .rest.metrics import MetricsView
from .rest.schema import SchemaView
from .rest.send import SendView
from .rest.single import ArchiveView, MarkAsReadView, NotificationView
from .rest.stream import ChangesView, MarkAllReadView, MarkSeenView, UnreadCountView

app_name = "notifications"

_ID = "/(?P<notification_id>[^/]+)"


def _api(address: str, view: type[APIView], name: str) -> URLPattern:
    return re_path(rf"^api/notifications{address}/?\Z", view.as_view(), name=f"api-{name}")


urlpatterns = [
    _api("", NotificationsView, "list"),
    # Before the ids, which may be any text: so a wrong one gets our 404 and not the site's page.
    _api("/mark-all-read", MarkAllReadView, "mark-all-read"),
    _api("/mark-seen", MarkSeenView, "mark-seen"),
    _api("/unread-count", UnreadCountView, "unread-count"),
    _api("/changes", ChangesView, "changes"),
    _api("/send", SendView, "send"),
    _api("/metrics", MetricsView, "metrics"),
    _api("/schema", SchemaView, "schema"),
    _api(_ID, NotificationView, "detail"),
    _api(f"{_ID}/mark-as-read", MarkAsReadView, "mark-as-read"),
    _api(f"{_ID}/archive", ArchiveView, "archive"),
]
