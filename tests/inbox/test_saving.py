"""Single rows that are written past the services are numbered and announced like any others."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from notifications import send_notification
from notifications.inbox.services import delete, mark_read
from notifications.models import Notification

from .conftest import Heard
from .invariants import check, check_dense


def new(user: Any, subject: str = "x", **fields: Any) -> Notification:
    return Notification(recipient=user, type="stock_alert", subject=subject, **fields)


def send(user: Any, subject: str = "x") -> int:
    return send_notification(user, "stock_alert", subject)["notification_id"]


def kinds(heard: Heard, user: Any) -> list[tuple[Any, ...]]:
    return [told[:3] for told in heard.told(user)]


def test_objects_create(ana: Any, heard: Heard) -> None:
    row = Notification.objects.create(recipient=ana, type="stock_alert", subject="x")
    assert heard.told(ana) == [("created", 1, 1, [row.pk])]
    check_dense(ana, 1)


def test_through_the_user(ana: Any, heard: Heard) -> None:
    ana.inbox_notifications.create(type="stock_alert", subject="x")
    ana.inbox_notifications.all().delete()
    assert kinds(heard, ana) == [("created", 1, 1), ("deleted", 2, 0)]


def test_save_of_a_new_and_of_a_loaded_instance(ana: Any, heard: Heard) -> None:
    row = new(ana)
    row.save()
    row.subject = "edited"
    row.save()
    assert kinds(heard, ana) == [("created", 1, 1), ("updated", 2, 1)]
    assert heard.steps(ana)[1].rows[0]["subject"] == "edited"
    check(ana)


def test_save_with_update_fields(ana: Any, heard: Heard) -> None:
    pk = send(ana)
    row = Notification.objects.get(pk=pk)
    row.read_at = timezone.now()
    row.subject = "not to be saved"
    row.save(update_fields=["read_at"])
    assert kinds(heard, ana)[1:] == [("updated", 2, 0)]
    assert Notification.objects.get(pk=pk).subject == "x"
    check(ana)


def test_save_of_a_part_that_was_loaded(ana: Any) -> None:
    pk = send(ana)
    for part in (Notification.objects.only("subject"), Notification.objects.defer("data", "recipient")):
        row = part.get(pk=pk)
        row.subject = f"{row.subject}y"
        row.save()
    assert Notification.objects.get(pk=pk).subject == "xyy"
    check(ana)


def test_a_save_that_writes_nothing_announces_nothing(ana: Any, heard: Heard) -> None:
    row = Notification.objects.get(pk=send(ana))
    row.save(update_fields=[])
    assert len(heard.told(ana)) == 1


def test_a_stale_instance_undoes_no_numbering(ana: Any) -> None:
    """As in the admin: a form is open while the row is numbered, read and counted."""
    with transaction.atomic():
        stale = Notification.objects.create(recipient=ana, type="stock_alert", subject="x")
        assert stale.seq is None
    mark_read(ana, [stale.pk])
    send(ana)
    stale.subject = "edited"
    stale.save()
    row = Notification.objects.get(pk=stale.pk)
    assert (row.seq, row.rev, row.subject) == (1, 4, "edited")
    check(ana)


def test_a_stale_instance_brings_nothing_back_that_was_deleted(ana: Any, heard: Heard) -> None:
    stale = Notification.objects.get(pk=send(ana, "private"))
    delete(ana, [stale.pk])
    heard.clear()
    stale.save()
    row = Notification.objects.get(pk=stale.pk)
    assert (row.subject, row.deleted_at is None) == ("", False)
    assert heard.told(ana) == []
    check(ana)


@pytest.mark.parametrize("way", ["pk = None", "documented", "bulk"])
def test_a_copy_is_a_new_notification(ana: Any, ben: Any, way: str) -> None:
    copy = Notification.objects.get(pk=send(ana, "copied"))
    copy.pk = None
    copy.recipient = ben if way == "documented" else ana
    if way == "documented":
        copy._state.adding = True
    if way == "bulk":
        Notification.objects.bulk_create([copy])
    else:
        copy.save()
    assert list(Notification.objects.values_list("subject", flat=True)) == ["copied", "copied"]
    check_dense(copy.recipient, 1 if way == "documented" else 2)
    check()


def test_an_instance_made_by_hand_over_a_row_keeps_its_number(ana: Any) -> None:
    pk = send(ana)
    new(ana, "over it", pk=pk).save()
    assert Notification.objects.values_list("seq", "rev", "subject").get(pk=pk) == (1, 2, "over it")
    check(ana)


def test_an_instance_with_a_key_of_its_own_is_inserted(ana: Any) -> None:
    new(ana, pk=77).save()
    new(ana, pk=78).save(force_insert=True)
    check_dense(ana, 2)


def test_a_notification_cannot_change_hands(ana: Any, ben: Any) -> None:
    row = Notification.objects.get(pk=send(ana))
    row.recipient = ben
    for write in (row.save, lambda: row.save(update_fields=["recipient"])):
        with pytest.raises(ValueError, match="its recipient"):
            write()
    with pytest.raises(ValueError, match="its recipient"):
        Notification.objects.bulk_update([row], ["recipient"])
    for field in ("recipient", "recipient_id", "seq", "rev", "counted", "pending", "changed"):
        with pytest.raises(ValueError, match=f"{field} cannot be updated"):
            Notification.objects.update(**{field: ben if field == "recipient" else 1})
    assert Notification.objects.get().recipient == ana
    check()


def test_get_or_create_and_update_or_create(ana: Any, heard: Heard) -> None:
    for subject in ("first", "second"):
        Notification.objects.update_or_create(
            recipient=ana, dedupe_key="a", defaults={"type": "stock_alert", "subject": subject}
        )
    Notification.objects.get_or_create(recipient=ana, dedupe_key="a")
    assert kinds(heard, ana) == [("created", 1, 1), ("updated", 2, 1)]
    assert Notification.objects.get().subject == "second"
    check(ana)


def test_deleting_an_instance_leaves_a_tombstone(ana: Any, heard: Heard) -> None:
    row = Notification.objects.get(pk=send(ana, "private"))
    assert row.delete() == (1, {"notifications.Notification": 1})
    assert row.delete() == (0, {})
    left = Notification.objects.get()
    assert (left.subject, left.seq, left.rev, left.deleted_at is None) == ("", 1, 2, False)
    assert kinds(heard, ana)[1:] == [("deleted", 2, 0)]
    check(ana)
