from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifications import send_notification, send_notifications
from notifications.models import Batch, Inbox, Notification

from .test_send_notification import run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("luis")


def call(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def old_rows(luis: Any) -> None:
    """One to keep, two that expired, one deleted eight days ago, one deleted today."""
    now = timezone.now()
    for subject in ("keep", "deleted long ago", "deleted today"):
        send_notification(luis, "system_alert", subject)
    for subject in ("expired", "expired too"):
        send_notification(luis, "system_alert", subject, expires_at=now - timedelta(seconds=1))
    rows = Notification.objects.filter(subject__startswith="deleted")
    long_ago = rows.get(subject="deleted long ago").pk
    rows.delete()
    Notification.objects.filter(pk=long_ago).update(deleted_at=now - timedelta(days=8))


def test_purge_expires_and_purges_and_says_how_many(old_rows: None, luis: Any) -> None:
    assert call("notifications_purge") == "Expired 2, purged 1."

    assert list(Notification.objects.visible().values_list("subject", flat=True)) == ["keep"]
    assert Notification.objects.count() == 4
    inbox = Inbox.objects.get(pk=luis.pk)
    assert inbox.unread_count == 1
    assert inbox.horizon_rev > 0
    assert call("notifications_purge") == "Expired 0, purged 0."


def test_a_dry_run_tells_the_same_numbers_and_changes_nothing(old_rows: None, luis: Any) -> None:
    before = list(Notification.objects.order_by("pk").values())

    assert call("notifications_purge", "--dry-run") == "Would expire 2 and purge 1."

    assert list(Notification.objects.order_by("pk").values()) == before
    assert call("notifications_purge") == "Expired 2, purged 1."


def test_finished_sends_to_many_are_purged_and_counted(luis: Any) -> None:
    for _ in range(2):
        send_notifications([luis], "system_alert", "Hello")
    first = Batch.objects.order_by("pk")[0]
    Batch.objects.filter(pk=first.pk).update(finished_at=timezone.now() - timedelta(days=8))

    assert call("notifications_purge", "--dry-run") == "Would expire 0 and purge 1."
    assert Batch.objects.count() == 2
    assert call("notifications_purge") == "Expired 0, purged 1."
    assert not Batch.objects.filter(pk=first.pk).exists()


def test_retention_days_count_in_a_dry_run_too(luis: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"RETENTION_DAYS": 30}
    send_notification(luis, "system_alert", "Old")
    Notification.objects.update(created_at=timezone.now() - timedelta(days=31))
    send_notification(luis, "system_alert", "New")

    assert call("notifications_purge", "--dry-run") == "Would expire 1 and purge 0."
    assert call("notifications_purge") == "Expired 1, purged 0."


def test_a_new_epoch_for_everybody(luis: Any) -> None:
    for user in (luis, get_user_model().objects.create_user("ana")):
        send_notification(user, "system_alert", "Hello")
    before = dict(Inbox.objects.values_list("pk", "epoch"))

    assert call("notifications_new_epoch") == "2 inboxes began a new epoch."

    after = dict(Inbox.objects.values_list("pk", "epoch"))
    assert len({*before.values(), *after.values()}) == 4


@pytest.mark.parametrize("by", ["key", "name"])
def test_a_new_epoch_for_one_person(luis: Any, by: str) -> None:
    ana = get_user_model().objects.create_user("ana")
    for user in (luis, ana):
        send_notification(user, "system_alert", "Hello")
    before = dict(Inbox.objects.values_list("pk", "epoch"))

    named = str(luis.pk) if by == "key" else "luis"
    assert call("notifications_new_epoch", "--user", named) == "1 inbox began a new epoch."

    after = dict(Inbox.objects.values_list("pk", "epoch"))
    assert after[luis.pk] != before[luis.pk]
    assert after[ana.pk] == before[ana.pk]


def test_a_new_epoch_for_nobody_is_an_error(luis: Any) -> None:
    with pytest.raises(CommandError, match="There is no user with the key or the name 'nobody'"):
        call("notifications_new_epoch", "--user", "nobody")


def test_both_run_from_a_shell(old_rows: None) -> None:
    assert run("notifications_purge").stdout == "Expired 2, purged 1.\n"
    assert run("notifications_new_epoch").stdout == "1 inbox began a new epoch.\n"
