"""Through the admin's own views: whatever is done there, the counts are exact afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications import send_notification
from notifications.models import Inbox, Notification

from .conftest import unread_count

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "admin:notifications_notification_changelist"
ADD = "admin:notifications_notification_add"
CHANGE = "admin:notifications_notification_change"
DELETE = "admin:notifications_notification_delete"


def form(recipient: Any = None, **fields: Any) -> dict[str, Any]:
    values = {
        "type": "system_alert",
        "priority": "high",
        "subject": "Maintenance at noon",
        "message": "",
        "url": "",
        "data": "{}",
        "dedupe_key": "",
        **{f"{name}_{part}": "" for name in ("read_at", "archived_at", "expires_at") for part in (0, 1)},
    }
    return {**values, **({"recipient": recipient.pk} if recipient else {}), **fields}


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200, "the form was accepted"
    return response.context["adminform"].form.errors


def send(user: Any, subject: str = "Hello") -> Notification:
    return Notification.objects.get(pk=send_notification(user.pk, "system_alert", subject)["notification_id"])


def test_an_added_notification_is_numbered_and_counted(admin: Client, luis: Any) -> None:
    response = admin.post(reverse(ADD), form(luis, url="/stock", data='{"order": 17}'))

    assert response.status_code == 302
    notification = Notification.objects.get()
    assert (notification.seq, notification.rev, notification.data) == (1, 1, {"order": 17})
    assert unread_count(luis) == 1


def test_adding_and_going_on_editing_shows_the_new_notification(admin: Client, luis: Any) -> None:
    response = admin.post(reverse(ADD), form(luis, _continue="1"), follow=True)

    assert response.redirect_chain[0][0] == reverse(CHANGE, args=[Notification.objects.get().pk])
    assert response.status_code == 200
    assert "Maintenance at noon" in response.content.decode()


def test_setting_read_at_in_the_form_lowers_the_count(admin: Client, luis: Any) -> None:
    notification = send(luis)

    changed = form(read_at_0="2026-01-31", read_at_1="12:00:00")
    assert admin.post(reverse(CHANGE, args=[notification.pk]), changed).status_code == 302

    notification.refresh_from_db()
    assert notification.read_at is not None
    assert (notification.seq, notification.rev) == (1, 2)
    assert unread_count(luis) == 0


def test_clearing_read_at_raises_the_count_again(admin: Client, luis: Any) -> None:
    notification = send(luis)
    Notification.objects.filter(pk=notification.pk).update(read_at=timezone.now())
    assert unread_count(luis) == 0

    assert admin.post(reverse(CHANGE, args=[notification.pk]), form()).status_code == 302

    assert unread_count(luis) == 1


def test_delete_leaves_a_tombstone_without_content(admin: Client, luis: Any) -> None:
    notification = send(luis, "A secret")

    assert admin.post(reverse(DELETE, args=[notification.pk]), {"post": "yes"}).status_code == 302

    notification.refresh_from_db()
    assert notification.deleted_at is not None
    assert notification.subject == ""
    assert unread_count(luis) == 0


def test_delete_selected_leaves_tombstones(admin: Client, luis: Any) -> None:
    chosen = [send(luis, "One").pk, send(luis, "Two").pk]
    kept = send(luis, "Three")

    posted = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    assert admin.post(reverse(LIST), posted).status_code == 302

    assert list(Notification.objects.visible()) == [kept]
    assert Notification.objects.filter(deleted_at__isnull=False).count() == 2
    assert unread_count(luis) == 1


def test_the_list_hides_tombstones_and_what_has_no_number_yet(admin: Client, luis: Any) -> None:
    send(luis, "Deleted one").delete()
    Notification.objects.bulk_create([Notification(recipient=luis, type="system_alert", subject="Shown one")])
    with transaction.atomic():
        Notification.objects.create(recipient=luis, type="system_alert", subject="Too early")
        page = admin.get(reverse(LIST)).content.decode()

    assert "Shown one" in page
    assert "Deleted one" not in page
    assert "Too early" not in page


def test_the_list_takes_the_same_queries_for_one_row_and_for_many(
    admin: Client, luis: Any, django_assert_num_queries: Any
) -> None:
    send(luis)
    admin.get(reverse(LIST))  # caches content types
    with django_assert_num_queries(6):  # session, user, count, rows; the bell: inbox, options
        admin.get(reverse(LIST))
    for number in range(20):
        send(get_user_model().objects.create_user(f"user{number}"))

    with django_assert_num_queries(6):
        assert len(admin.get(reverse(LIST)).context["cl"].result_list) == 21


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=coffee", {"Coffee is low"}),
        ("q=luis", {"Coffee is low", "Server restarts"}),
        ("type=stock_alert", {"Coffee is low"}),
        ("priority__exact=critical", {"Server restarts"}),
        ("read=yes", {"Coffee is low"}),
        ("read=no", {"Server restarts"}),
        ("read=nonsense", {"Coffee is low", "Server restarts"}),
        ("archived=yes", set()),
        ("archived=no", {"Coffee is low", "Server restarts"}),
    ],
)
def test_search_and_filters(admin: Client, luis: Any, query: str, found: set[str]) -> None:
    send_notification(luis, "stock_alert", "Coffee is low")
    Notification.objects.update(read_at=timezone.now())
    send_notification(luis, "system_alert", "Server restarts", priority="critical")

    shown = admin.get(f"{reverse(LIST)}?{query}").context["cl"].result_list

    assert {notification.subject for notification in shown} == found


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "never_registered"),
        ("priority", "urgent"),
        ("subject", "   "),
        ("subject", "x" * 256),
        ("url", "javascript:alert(1)"),
        ("url", "//elsewhere.example"),
        ("data", "[1, 2]"),
        ("data", "{not json"),
        ("data", '{"nul": "\\u0000"}'),
        ("message", "x" * 100_001),
        ("recipient", "999999"),
    ],
)
def test_the_form_refuses_what_cannot_be_sent(admin: Client, luis: Any, field: str, value: str) -> None:
    response = admin.post(reverse(ADD), {**form(luis), field: value})

    assert list(errors(response)) == [field]
    assert not Notification.objects.exists()


def test_the_form_refuses_a_dedupe_key_that_the_person_has(admin: Client, luis: Any) -> None:
    send_notification(luis, "system_alert", "First", dedupe_key="noon")

    assert errors(admin.post(reverse(ADD), form(luis, dedupe_key="noon")))
    assert Notification.objects.count() == 1


def test_empty_data_means_none(admin: Client, luis: Any) -> None:
    assert admin.post(reverse(ADD), form(luis, data="")).status_code == 302
    assert Notification.objects.get().data == {}


def test_a_notification_of_a_type_that_is_gone_can_still_be_edited(admin: Client, luis: Any) -> None:
    notification = Notification.objects.create(recipient=luis, type="long_gone", subject="Old")

    changed = form(type="long_gone", subject="Old, corrected")
    assert admin.post(reverse(CHANGE, args=[notification.pk]), changed).status_code == 302

    notification.refresh_from_db()
    assert (notification.type, notification.subject) == ("long_gone", "Old, corrected")


def test_a_notification_cannot_be_moved_to_somebody_else(admin: Client, luis: Any) -> None:
    notification = send(luis)
    other = get_user_model().objects.create_user("other")

    admin.post(reverse(CHANGE, args=[notification.pk]), form(other, subject="Edited"))

    notification.refresh_from_db()
    assert (notification.recipient_id, notification.subject) == (luis.pk, "Edited")


def test_somebody_who_may_only_look_sees_the_page(luis: Any) -> None:
    notification = send(luis)
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_notification"))
    client = Client()
    client.force_login(viewer)

    assert client.get(reverse(LIST)).status_code == 200
    assert client.get(reverse(CHANGE, args=[notification.pk])).status_code == 200
    assert client.post(reverse(CHANGE, args=[notification.pk]), form()).status_code == 403
    assert client.get(reverse(ADD)).status_code == 403


def test_the_recipient_is_autocompleted_only_for_those_who_may_see_users(admin: Client) -> None:
    assert "admin-autocomplete" in admin.get(reverse(ADD)).content.decode()
    editor = get_user_model().objects.create_user("editor", is_staff=True)
    editor.user_permissions.add(Permission.objects.get(codename="add_notification"))
    client = Client()
    client.force_login(editor)

    page = client.get(reverse(ADD)).content.decode()

    assert "admin-autocomplete" not in page
    assert 'name="recipient"' in page


def test_deleting_a_user_in_the_admin_takes_the_inbox_along(admin: Client, luis: Any) -> None:
    send(luis)

    response = admin.post(reverse("admin:auth_user_delete", args=[luis.pk]), {"post": "yes"})

    assert response.status_code == 302
    assert not get_user_model().objects.filter(pk=luis.pk).exists()
    assert not Notification.objects.exists()
    assert not Inbox.objects.filter(pk=luis.pk).exists()
