"""Subscriptions: looked at and deleted, without what would let somebody send to the browser."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import PushSubscription
from tests.push_service import Browser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def row(luis: Any) -> PushSubscription:
    return Browser("https://fcm.googleapis.com/fcm/send/secret-part").subscribe(luis, "Chrome · Android")


def test_neither_list_nor_page_shows_address_or_keys(admin: Client, row: PushSubscription) -> None:
    for address in (
        reverse("admin:notifications_pushsubscription_changelist"),
        reverse("admin:notifications_pushsubscription_change", args=[row.pk]),
    ):
        html = admin.get(address).content.decode()
        assert "Chrome · Android" in html
        assert "fcm.googleapis.com" in html
        for secret in ("secret-part", row.p256dh, row.auth, row.endpoint_hash):
            assert secret not in html


def test_it_is_found_by_name_and_deleted(admin: Client, row: PushSubscription) -> None:
    listed = admin.get(reverse("admin:notifications_pushsubscription_changelist"), {"q": "luis"}).content.decode()
    assert "Chrome · Android" in listed
    posted = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    admin.post(reverse("admin:notifications_pushsubscription_changelist"), posted)
    assert not PushSubscription.objects.exists()


def test_it_cannot_be_added_or_changed(admin: Client, row: PushSubscription) -> None:
    assert admin.get(reverse("admin:notifications_pushsubscription_add")).status_code == 403
    address = reverse("admin:notifications_pushsubscription_change", args=[row.pk])
    assert admin.post(address, {"device": "Mine"}).status_code == 403
