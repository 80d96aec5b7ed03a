"""Expiry and age delete as a person would; purging moves the horizon; an epoch voids what clients remember."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from notifications import send_notification, send_notifications
from notifications.inbox import retention
from notifications.inbox.changes import changes_since, inbox_states, resync_reason
from notifications.inbox.services import delete, delete_all
from notifications.models import Batch, BatchChunk, Inbox, Notification

from .conftest import Heard
from .invariants import check, settle
from .workers import elsewhere, needs_row_locks

NOW = timezone.now


def send(user: Any, **content: Any) -> int:
    return send_notification(user, "stock_alert", "x", **content)["notification_id"]


def age(days: float, *ids: int) -> None:
    """As if these tombstones had been made, or these notifications sent, that long ago."""
    moment = NOW() - timedelta(days=days)
    rows = QuerySet(Notification).filter(pk__in=ids)  # past our own update(), which would announce it
    rows.update(created_at=moment)
    rows.filter(deleted_at__isnull=False).update(deleted_at=moment)


def test_what_has_expired_is_deleted_as_its_owner_would(ana: Any, ben: Any, heard: Heard) -> None:
    past = [send(user, expires_at=NOW() - timedelta(seconds=1)) for user in (ana, ben)]
    future = send(ana, expires_at=NOW() + timedelta(hours=1))
    for_ever = send(ana)
    heard.clear()
    assert retention.expire() == 2
    assert retention.expire() == 0
    assert heard.told(ana) == [("deleted", 4, 2, past[:1])]
    assert heard.told(ben) == [("deleted", 2, 0, past[1:])]
    assert set(Notification.objects.visible().values_list("pk", flat=True)) == {future, for_ever}
    check()


def test_a_batch_expires_for_each(ana: Any, ben: Any) -> None:
    send_notifications([ana, ben], "stock_alert", "x", expires_at=NOW() - timedelta(seconds=1))
    assert retention.expire() == 2
    check()


def test_expired_before_it_was_numbered(ana: Any, heard: Heard) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ntf_notification (recipient_id, type, subject, expires_at)"
            " SELECT id, 'stock_alert', 'x', date_joined FROM auth_user"
        )
    assert retention.expire() == 1
    settle()
    assert [told[:3] for told in heard.told(ana)] == [("deleted", 1, 0)]
    check()


def test_age_deletes_nothing_unless_the_site_says_so(ana: Any, settings: Any) -> None:
    old, new = send(ana), send(ana)
    age(91, old)
    assert retention.expire() == 0
    settings.NOTIFICATIONS = {"RETENTION_DAYS": 90}
    assert retention.expire() == 1
    assert list(Notification.objects.visible().values_list("pk", flat=True)) == [new]
    check(ana)


def test_more_than_one_step(ana: Any, monkeypatch: Any, settings: Any) -> None:
    monkeypatch.setattr(retention, "ROWS_PER_STEP", 3)
    settings.NOTIFICATIONS = {"RETENTION_DAYS": 1}
    ids = [send(ana) for _ in range(8)]
    age(2, *ids)
    assert retention.expire() == 8
    age(8, *ids)
    assert retention.purge() == 8
    check(ana)


def test_one_step_at_a_time(ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"RETENTION_DAYS": 1}
    for _ in range(3):
        send(ana, expires_at=NOW() - timedelta(seconds=1))
    age(2, send(ana), send(ana))
    assert retention.expired(using="default").count() == 5
    assert [retention.expire(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert retention.expired(using="default").count() == 0
    check(ana)


@needs_row_locks
def test_a_row_that_somebody_holds_is_left_to_the_next_time(ana: Any) -> None:
    held, free = (send(ana, expires_at=NOW() - timedelta(seconds=1)) for _ in range(2))
    with elsewhere(lambda: Notification.objects.select_for_update().get(pk=held)):
        assert retention.expire() == 1
        assert list(Notification.objects.visible().values_list("pk", flat=True)) == [held]
    assert (retention.expire(), free > held) == (1, True)
    check(ana)


# -- purging -----------------------------------------------------------------------------------------------------


def test_only_old_tombstones_go_and_the_horizon_rises_with_them(ana: Any, ben: Any) -> None:
    old, young, living = send(ana), send(ana), send(ana)
    bens = send(ben)
    delete(ana, [old])  # revision 4
    delete(ana, [young])  # revision 5
    age(8, old, living, bens)
    age(6.9, young)
    assert retention.purge() == 1
    assert retention.purge() == 0
    assert set(Notification.objects.values_list("pk", flat=True)) == {young, living, bens}
    assert Inbox.objects.get(pk=ana.pk).horizon_rev == 4
    assert Inbox.objects.get(pk=ben.pk).horizon_rev == 0
    check()


@needs_row_locks
def test_a_purge_does_not_wait_for_a_living_row_that_somebody_holds(ana: Any) -> None:
    old, living = send(ana), send(ana)
    delete(ana, [old])
    age(8, old)
    with elsewhere(lambda: Notification.objects.select_for_update().get(pk=living)):
        started = time.monotonic()
        assert retention.purge() == 1
        assert time.monotonic() - started < 0.5
    check(ana)


def test_a_client_behind_the_horizon_must_load_anew_and_one_at_it_need_not(ana: Any) -> None:
    pk = send(ana)
    delete(ana, [pk])
    send(ana)
    age(8, pk)
    retention.purge()
    state = inbox_states([ana.pk], using="default")[ana.pk]
    assert resync_reason(state, 1, state.epoch) == "horizon"
    assert resync_reason(state, 2, state.epoch) is None
    (changes,) = changes_since({ana.pk: 2}, using="default").values()
    assert [row["rev"] for row in changes.rows] == [3]


def test_a_tombstone_that_waits_for_its_number_is_not_purged(ana: Any) -> None:
    pk = send(ana)
    delete_all(ana)
    age(8, pk)
    connection.cursor().execute("UPDATE ntf_notification SET pending = true")
    assert retention.purge() == 0
    settle()
    assert retention.purge() == 1
    assert Inbox.objects.get(pk=ana.pk).horizon_rev == 3
    check()


def test_the_setting_decides_how_long_tombstones_stay(ana: Any, settings: Any) -> None:
    pk = send(ana)
    delete_all(ana)
    age(8, pk)
    settings.NOTIFICATIONS = {"TOMBSTONE_DAYS": 30}
    assert retention.purge() == 0


def test_a_place_is_not_given_again_after_a_purge(ana: Any) -> None:
    pk = send(ana)
    delete_all(ana)
    age(8, pk)
    retention.purge()
    assert Notification.objects.get(pk=send(ana)).seq == 3
    check()


def test_after_a_purge_a_lost_inbox_starts_in_a_new_epoch(ana: Any) -> None:
    pk = send(ana)
    before = inbox_states([ana.pk], using="default")[ana.pk]
    delete_all(ana)
    age(8, pk)
    retention.purge()
    Inbox.objects.all().delete()
    send(ana)
    after = inbox_states([ana.pk], using="default")[ana.pk]
    assert resync_reason(after, before.rev, before.epoch) == "epoch"


def test_finished_sends_to_many_go_when_tombstones_would(ana: Any, ben: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "BATCHES_PER_STEP", 2)
    old = [send_notifications([ana, ben], "stock_alert", "x")["batch_id"] for _ in range(5)]
    young = send_notifications([ana], "stock_alert", "x")["batch_id"]
    Batch.objects.filter(pk__in=old).update(finished_at=NOW() - timedelta(days=8), created_at=NOW() - timedelta(days=8))
    Batch.objects.filter(pk__in=old[:1]).update(finished_at=None)
    assert retention.purgeable_batches(using="default").count() == 4
    assert retention.purge() == 4
    assert sorted(Batch.objects.values_list("pk", flat=True)) == [old[0], young]
    assert sorted(BatchChunk.objects.values_list("batch_id", flat=True)) == [old[0], young]
    assert Notification.objects.visible().count() == 11
    check()


# -- epochs ------------------------------------------------------------------------------------------------------


def test_a_new_epoch_for_all_or_for_some(ana: Any, ben: Any) -> None:
    send_notifications([ana, ben], "stock_alert", "x")

    def epochs() -> list[Any]:
        return list(Inbox.objects.order_by("pk").values_list("epoch", flat=True))

    first = epochs()
    assert retention.new_epoch([ana.pk]) == 1
    second = epochs()
    assert (second[0] != first[0], second[1] == first[1]) == (True, True)
    assert retention.new_epoch() == 2
    assert len({*first, *second, *epochs()}) == 5
    assert retention.new_epoch([]) == 0
    check()


def test_numbers_go_on_in_a_new_epoch(ana: Any, heard: Heard) -> None:
    send(ana)
    retention.new_epoch()
    send(ana)
    assert [change.epoch for change in heard][1] == str(Inbox.objects.get().epoch)  # type: ignore[union-attr]
    assert [step.rev for step in heard.steps(ana)] == [1, 2]


def test_a_send_to_many_whose_end_nobody_noted_ends_and_goes(ana: Any) -> None:
    """Its last chunk was slow to commit, and whoever would have looked again died."""
    send_notifications([ana], "order_ready", "x")
    old = NOW() - timedelta(days=30)
    Batch.objects.update(finished_at=None, created_at=old)
    retention.purge()
    assert Batch.objects.get().finished_at > old
    BatchChunk.objects.update(expanded_at=None)
    Batch.objects.update(finished_at=None)
    retention.purge()
    assert Batch.objects.get().finished_at is None
