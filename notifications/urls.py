"""``path("", include("notifications.urls"))``: the pages ``notifications:history`` and ``notifications:preferences``,
the one that messages are unsubscribed from at, and the REST API, whose names are ``notifications:api-…``.

Every address of the API works with and without a final slash and never redirects: a redirected ``PUT`` loses its body.
"""

from __future__ import annotations

from django.urls import URLPattern, path, re_path
from rest_framework.views import APIView

from .pages.history import history
from .pages.preferences import preferences
from .pages.push import renewal, service_worker
from .pages.unsubscribe import unsubscribe
from .pages.why import why
from .rest.actions import ActionsView
from .rest.collection import NotificationsView
from .rest.deliveries import DeliveriesView
from .rest.metrics import MetricsView
from .rest.preferences import PreferencesView
from .rest.push import PushSubscriptionsView
from .rest.schema import SchemaView
from .rest.send import SendView
from .rest.single import ArchiveView, MarkAsReadView, NotificationView
from .rest.stream import ChangesView, MarkAllReadView, MarkSeenView, UnreadCountView

app_name = "notifications"

_ID = "/(?P<notification_id>[^/]+)"


def _api(address: str, view: type[APIView], name: str) -> URLPattern:
    return re_path(rf"^api/notification{address}/?\Z", view.as_view(), name=f"api-{name}")


urlpatterns = [
    path("notifications/", history, name="history"),
    path("notifications/preferences/", preferences, name="preferences"),
    path("notifications/<int:notification_id>/why/", why, name="why"),
    path("notifications/unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("notifications/service-worker.js", service_worker, name="service-worker"),
    path("notifications/push-renewal/", renewal, name="push-renewal"),
    _api("s", NotificationsView, "list"),
    _api("-preferences", PreferencesView, "preferences"),
    re_path(r"^api/push-subscriptions/?\Z", PushSubscriptionsView.as_view(), name="api-push-subscriptions"),
    # Before the ids, which may be any text: so a wrong one gets our 404 and not the site's page.
    _api("s/actions", ActionsView, "actions"),
    _api("s/mark-all-read", MarkAllReadView, "mark-all-read"),
    _api("s/mark-seen", MarkSeenView, "mark-seen"),
    _api("s/unread-count", UnreadCountView, "unread-count"),
    _api("s/changes", ChangesView, "changes"),
    _api("s/send", SendView, "send"),
    _api("s/metrics", MetricsView, "metrics"),
    _api("s/schema", SchemaView, "schema"),
    _api(f"s{_ID}", NotificationView, "detail"),
    _api(f"s{_ID}/mark-as-read", MarkAsReadView, "mark-as-read"),
    _api(f"s{_ID}/archive", ArchiveView, "archive"),
    _api(f"s{_ID}/deliveries", DeliveriesView, "deliveries"),
]
