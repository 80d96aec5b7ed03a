"""Inboxes, sends to many and keys: looked at, cancelled, revoked; never edited."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from notifications import send_notification, send_notifications
from notifications.auth.identity import Refused
from notifications.auth.keys import authenticate_key, issue
from notifications.models import ApiKey, Batch, BatchChunk, Inbox, Notification

pytestmark = pytest.mark.django_db(transaction=True)


def page(admin: Client, name: str, *args: Any) -> str:
    response = admin.get(reverse(f"admin:notifications_{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def run_action(admin: Client, model: str, action: str, *rows: Any) -> str:
    """The message that the page shows then."""
    posted = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = admin.post(reverse(f"admin:notifications_{model}_changelist"), posted)
    assert response.status_code == 302
    return [str(message) for message in get_messages(response.wsgi_request)][-1]


@pytest.mark.parametrize("model", ["inbox", "batch", "apikey"])
def test_none_of_them_can_be_edited_or_deleted(admin: Client, luis: Any, model: str) -> None:
    send_notifications([luis], "system_alert", "Hello")
    rows = {"inbox": Inbox.objects.get(), "batch": Batch.objects.get(), "apikey": issue(luis, "till")[0]}
    row = rows[model]

    shown = page(admin, f"{model}_change", row.pk)
    assert "deletelink" not in shown
    assert 'name="_save"' not in shown
    assert admin.post(reverse(f"admin:notifications_{model}_change", args=[row.pk]), {}).status_code == 403
    assert admin.post(reverse(f"admin:notifications_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    posted = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    admin.post(reverse(f"admin:notifications_{model}_changelist"), posted)
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", ["inbox", "batch"])
def test_inboxes_and_sends_cannot_be_added(admin: Client, model: str) -> None:
    assert admin.get(reverse(f"admin:notifications_{model}_add")).status_code == 403


def test_the_list_of_inboxes_is_found_by_user_name_without_a_query_per_row(
    admin: Client, luis: Any, django_assert_num_queries: Any
) -> None:
    send_notification(luis, "system_alert", "Hello")
    for number in range(10):
        send_notification(get_user_model().objects.create_user(f"user{number}"), "system_alert", "Hello")
    page(admin, "inbox_changelist")
    with django_assert_num_queries(6):
        page(admin, "inbox_changelist")

    found = admin.get(reverse("admin:notifications_inbox_changelist") + "?q=luis").context["cl"].result_list

    assert [(inbox.pk, inbox.unread_count) for inbox in found] == [(luis.pk, 1)]


def test_a_batch_shows_how_far_it_has_come(admin: Client, luis: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHUNK_SIZE": 1}
    others = [get_user_model().objects.create_user(f"user{number}") for number in range(3)]
    send_notifications([luis, *others], "system_alert", "To all")
    batch = Batch.objects.get()
    assert "4 (100 %)" in page(admin, "batch_changelist")

    BatchChunk.objects.filter(pk=batch.chunks.last().pk).update(expanded_at=None, created=0)
    Batch.objects.update(finished_at=None)

    shown = page(admin, "batch_changelist")
    assert "3 (75 %)" in shown
    assert "being sent" in shown


def test_a_batch_that_reached_nobody_yet_is_cancelled(admin: Client, luis: Any) -> None:
    batch = Batch.objects.create(type="system_alert", subject="To all", recipients=1)
    BatchChunk.objects.create(batch=batch, user_ids=[luis.pk], size=1)

    assert run_action(admin, "batch", "cancel", batch) == "1 send was cancelled."

    batch.refresh_from_db()
    assert batch.cancelled_at is not None
    assert not Notification.objects.exists()
    assert "cancelled" in page(admin, "batch_changelist")
    assert run_action(admin, "batch", "cancel", batch) == "0 sends were cancelled."


def test_an_added_key_is_shown_once_and_works(admin: Client, luis: Any) -> None:
    added = {"user": luis.pk, "name": "The till"}

    response = admin.post(reverse("admin:notifications_apikey_add"), added, follow=True)

    row = ApiKey.objects.get()
    text = re.search(r"ntf_[\w-]{8}_[\w-]{43}", response.content.decode())[0]
    assert authenticate_key(text, None).user_id == luis.pk
    again = page(admin, "apikey_changelist") + page(admin, "apikey_change", row.pk)
    assert text not in again
    assert row.hash not in response.content.decode() + again


def test_a_key_needs_a_user_and_a_name(admin: Client) -> None:
    response = admin.post(reverse("admin:notifications_apikey_add"), {})

    assert set(response.context["adminform"].form.errors) == {"user", "name"}
    assert not ApiKey.objects.exists()


def test_a_revoked_key_works_no_more(admin: Client, luis: Any) -> None:
    row, text = issue(luis, "The till")
    other, other_text = issue(luis, "Another")

    assert run_action(admin, "apikey", "revoke_keys", row) == "1 key was revoked."

    with pytest.raises(Refused):
        authenticate_key(text, None)
    assert authenticate_key(other_text, None).user_id == luis.pk
    assert run_action(admin, "apikey", "revoke_keys", row, other) == "1 key was revoked."
