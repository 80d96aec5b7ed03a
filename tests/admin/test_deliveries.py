"""The outbox in the admin: why, for whom it went wrong, which provider is down; and trying again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import display_for_value
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications import send_notification
from notifications.models import ChannelState, Delivery, Mute, Notification, Reason, Status
from notifications.types import BUILT_IN

from .test_read_only import page, run_action

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2998, 3, 12, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _channels(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"email": {}, "night_watch": {"BACKEND": "no.such.Channel"}}}


def delivery(user: Any, channel: str = "email", **fields: Any) -> Delivery:
    made = send_notification(user, "system_alert", "Too warm", channels=BUILT_IN)
    return Delivery.objects.create(
        notification_id=made["notification_id"], recipient=user, channel=channel, **{"due_at": NOON, **fields}
    )


FAILED = {"status": Status.FAILED, "reason": Reason.GAVE_UP, "attempts": 8, "due_at": None, "finished_at": NOON}


@pytest.mark.parametrize("model", ["delivery", "channelstate"])
def test_neither_is_added_edited_or_deleted(admin: Client, luis: Any, model: str) -> None:
    row = {"delivery": delivery(luis), "channelstate": ChannelState.objects.create(channel="email")}[model]
    shown = page(admin, f"{model}_change", row.pk)
    assert "deletelink" not in shown
    assert 'name="_save"' not in shown
    assert admin.get(reverse(f"admin:notifications_{model}_add")).status_code == 403
    assert admin.post(reverse(f"admin:notifications_{model}_change", args=[row.pk]), {}).status_code == 403
    assert admin.post(reverse(f"admin:notifications_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_the_list_says_why_and_asks_nothing_per_row(
    admin: Client, luis: Any, django_assert_max_num_queries: Any
) -> None:
    quiet = delivery(luis, reason=Reason.QUIET_HOURS)
    Delivery.objects.create(recipient=luis, channel="email", reason=Reason.DIGEST, due_at=NOON)
    gone = delivery(luis)
    Notification.objects.filter(pk=gone.notification_id)._raw_delete("default")
    page(admin, "delivery_changelist")
    for number in range(10):
        delivery(get_user_model().objects.create_user(f"user{number}"), attempts=number)
    with django_assert_max_num_queries(6):
        shown = unescape(page(admin, "delivery_changelist"))
    for text in ("Too warm", "(several together)", "(gone)", "Waiting: Quiet hours", "March 12, 2998, noon"):
        assert text in shown
    shown = page(admin, "delivery_change", quiet.pk)
    assert "It waits for the end of the quiet hours: March 12, 2998, noon." in shown


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?channel=email", 2),
        ("?channel=sms", 0),
        ("?status__exact=failed", 1),
        ("?reason__exact=quiet_hours", 1),
        ("?q=luis", 3),
        ("?q=nobody", 0),
        ("?q=too+warm", 3),
    ],
)
def test_filters_and_search(admin: Client, luis: Any, query: str, count: int) -> None:
    delivery(luis, reason=Reason.QUIET_HOURS)
    delivery(luis, **FAILED)
    delivery(luis, "night_watch")
    response = admin.get(reverse("admin:notifications_delivery_changelist") + query)
    assert len(response.context["cl"].result_list) == count
    assert "Night watch" in response.content.decode()


def test_what_has_failed_is_tried_again(admin: Client, luis: Any) -> None:
    failed, sent = delivery(luis, **FAILED), delivery(luis, status=Status.SENT, due_at=None, finished_at=NOON)
    assert run_action(admin, "delivery", "try_again", failed, sent) == "1 delivery is tried again."
    failed.refresh_from_db()
    sent.refresh_from_db()
    assert (failed.status, failed.attempts, sent.status) == (Status.QUEUED, 0, Status.SENT)
    assert failed.due_at <= timezone.now()
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(failed.pk)]
    assert run_action(admin, "delivery", "try_again", failed) == "0 deliveries are tried again."


def test_the_actions_are_for_those_who_may_change_the_rows(luis: Any) -> None:
    helper = get_user_model().objects.create_user("helper", is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename__in=["view_delivery", "view_channelstate"]))
    browser = Client()
    browser.force_login(helper)
    failed = delivery(luis, **FAILED)
    state = ChannelState.objects.create(channel="email", failures=9, open_until=NOON)
    for model, action, row in (("delivery", "try_again", failed), ("channelstate", "try_now", state)):
        shown = page(browser, f"{model}_changelist")
        assert f'value="{action}"' not in shown
        browser.post(
            reverse(f"admin:notifications_{model}_changelist"), {"action": action, "_selected_action": [row.pk]}
        )
    failed.refresh_from_db()
    state.refresh_from_db()
    assert (failed.status, state.open_until) == (Status.FAILED, NOON)


def test_a_provider_that_is_down_is_seen_with_what_waits_for_it(admin: Client, luis: Any) -> None:
    past = timezone.now() - timedelta(hours=2)
    ChannelState.objects.create(
        channel="email", failures=6, open_until=NOON, last_error="[Errno 111] Connection refused", last_failed_at=past
    )
    ChannelState.objects.create(channel="night_watch", last_sent_at=past)
    ChannelState.objects.create(channel="carrier_pigeon")
    for _ in range(3):
        delivery(luis, due_at=past)
    delivery(luis)  # not before noon
    shown = unescape(page(admin, "channelstate_changelist"))
    rows = {row[0]: row for row in _table(shown)}
    assert rows["E-mail (email)"][1:6] == [
        "fails, and is not tried until March 12, 2998, noon", "3",
        _moment(past), "6", "[Errno 111] Connection refused",
    ]  # fmt: skip
    assert rows["Night watch (night_watch)"][1:4] == ["works", "0", "-"]
    assert rows["Carrier pigeon (carrier_pigeon)"][1] == "not configured any more"


def test_what_waits_is_seen_where_no_worker_ever_ran(admin: Client, luis: Any) -> None:
    delivery(luis, due_at=timezone.now() - timedelta(hours=2))
    rows = {row[0]: row for row in _table(unescape(page(admin, "channelstate_changelist")))}
    assert rows["E-mail (email)"][1:3] == ["not tried yet", "1"]
    assert rows["Night watch (night_watch)"][1:3] == ["not tried yet", "0"]


def test_a_provider_that_works_again_need_not_wait(admin: Client, luis: Any) -> None:
    email = ChannelState.objects.create(channel="email", failures=6, open_until=NOON)
    watch = ChannelState.objects.create(channel="night_watch")
    text = run_action(admin, "channelstate", "try_now", email, watch)
    assert text == "1 delivery channel is tried again."
    email.refresh_from_db()
    assert (email.failures, email.open_until <= timezone.now()) == (6, True)
    assert "failed last" in page(admin, "channelstate_changelist")


def test_a_notification_shows_how_it_reached_the_person(admin: Client, luis: Any) -> None:
    row = delivery(luis, **{**FAILED, "answer": "550 <no> such user"})
    shown = page(admin, "notification_change", row.notification_id)
    assert f'<a href="{reverse("admin:notifications_delivery_change", args=[row.pk])}">E-mail</a>' in shown
    assert "Given up after 8 attempts." in shown
    assert "550 &lt;no&gt; such user" in shown
    assert "It is in the list, unread." in shown
    assert "How it reached the person" not in page(admin, "notification_add")


def test_a_mute_can_be_deleted_and_nothing_else(admin: Client, luis: Any) -> None:
    row = Mute.objects.create(user=luis, type="system_alert")
    assert "luis" in page(admin, "mute_changelist")
    assert 'name="_save"' not in page(admin, "mute_change", row.pk)
    assert admin.get(reverse("admin:notifications_mute_add")).status_code == 403
    assert admin.get(reverse("admin:notifications_mute_changelist") + "?q=luis").context["cl"].result_count == 1
    assert admin.post(reverse("admin:notifications_mute_delete", args=[row.pk]), {"post": "yes"}).status_code == 302
    assert not Mute.objects.exists()


def _table(html: str) -> list[list[str]]:
    body = html[html.index("<tbody>") : html.index("</tbody>")]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    cells = [re.findall(r'<t[dh] class="field-[^"]*"[^>]*>(.*?)</t[dh]>', row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def _moment(moment: datetime) -> str:
    """As this list writes moments."""
    return str(display_for_value(moment, "-"))
