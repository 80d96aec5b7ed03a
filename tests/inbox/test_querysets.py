"""Queryset methods, which fire no signals of Django's, are numbered and announced all the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from notifications import send_notification
from notifications.models import Notification

from .conftest import Heard
from .invariants import check, check_dense


def new(user: Any, subject: str = "x", **fields: Any) -> Notification:
    return Notification(recipient=user, type="stock_alert", subject=subject, **fields)


def send(user: Any, subject: str = "x") -> int:
    return send_notification(user, "stock_alert", subject)["notification_id"]


def kinds(heard: Heard, user: Any) -> list[tuple[Any, ...]]:
    return [told[:3] for told in heard.told(user)]


def test_bulk_create(ana: Any, ben: Any, heard: Heard) -> None:
    rows = Notification.objects.bulk_create([new(ana), new(ben), new(ana), new(ana, pk=500)])
    assert len(rows) == 4
    check_dense(ana, 3)
    check_dense(ben, 1)
    assert (len(heard.told(ana)), len(heard.told(ben))) == (3, 1)


def test_bulk_create_of_a_generator_and_of_nothing(ana: Any) -> None:
    Notification.objects.bulk_create(new(ana) for _ in range(3))
    Notification.objects.bulk_create([])
    check_dense(ana, 3)


def test_bulk_create_that_ignores_conflicts(ana: Any) -> None:
    send_notification(ana, "stock_alert", "first", dedupe_key="a")
    Notification.objects.bulk_create([new(ana, dedupe_key="a"), new(ana, dedupe_key="b")], ignore_conflicts=True)
    assert list(Notification.objects.order_by("pk").values_list("subject", flat=True)) == ["first", "x"]
    check_dense(ana, 2)


def test_bulk_create_that_updates_conflicts(ana: Any, heard: Heard) -> None:
    pk = send_notification(ana, "stock_alert", "first", dedupe_key="a")["notification_id"]
    heard.clear()
    can_name_the_conflict = connection.features.supports_update_conflicts_with_target
    Notification.objects.bulk_create(
        [new(ana, "second", dedupe_key="a"), new(ana, dedupe_key="b")],
        update_conflicts=True,
        # Elsewhere a conflict with any unique index counts.
        unique_fields=["recipient", "dedupe_key"] if can_name_the_conflict else None,
        update_fields=["subject"],
    )
    assert Notification.objects.values_list("subject", "seq", "rev").get(pk=pk) == ("second", 1, 3)
    assert kinds(heard, ana) == [("created", 2, 2), ("updated", 3, 2)]
    check(ana)


def test_bulk_update(ana: Any, ben: Any, heard: Heard) -> None:
    rows = Notification.objects.bulk_create([new(ana), new(ben), new(ana)])
    heard.clear()
    for row in rows:
        row.subject, row.read_at = f"edited {row.pk}", timezone.now()
    Notification.objects.bulk_update(rows, ["subject", "read_at"], batch_size=2)
    assert kinds(heard, ana) == [("many", 3, 0)]
    assert kinds(heard, ben) == [("updated", 2, 0)]
    assert Notification.objects.get(pk=rows[0].pk).subject == f"edited {rows[0].pk}"
    check()


def test_queryset_update_of_several_people(ana: Any, ben: Any, heard: Heard) -> None:
    Notification.objects.bulk_create([new(ana), new(ben), new(ana)])
    heard.clear()
    assert Notification.objects.filter(subject="x").update(subject=F("type")) == 3
    assert Notification.objects.filter(subject="x").update(subject="y") == 0
    assert (kinds(heard, ana), kinds(heard, ben)) == ([("many", 3, 2)], [("updated", 2, 1)])
    check()


def test_queryset_update_that_moves_rows_out_of_its_own_filter(ana: Any, heard: Heard) -> None:
    send(ana)
    Notification.objects.filter(read_at=None).update(read_at=timezone.now())
    assert kinds(heard, ana)[1:] == [("updated", 2, 0)]


@pytest.mark.parametrize("way", ["plain", "sliced", "ordered", "joined"])
def test_queryset_delete(ana: Any, heard: Heard, way: str) -> None:
    ids = [send(ana) for _ in range(3)]
    heard.clear()
    rows = {
        "plain": Notification.objects.filter(pk__in=ids[:2]),
        "sliced": Notification.objects.order_by("pk")[:2],
        "ordered": Notification.objects.order_by("-subject").exclude(pk=ids[2]),
        "joined": Notification.objects.filter(recipient__username="ana", pk__lt=ids[2]).distinct(),
    }[way]
    assert rows.delete() == (2, {"notifications.Notification": 2})
    assert heard.told(ana) == [("deleted", 4, 1, ids[:2])]
    check(ana)


async def test_async_queryset_methods(ana: Any, heard: Heard) -> None:
    row = await Notification.objects.acreate(recipient=ana, type="stock_alert", subject="x")
    await Notification.objects.filter(pk=row.pk).aupdate(subject="y")
    await Notification.objects.abulk_create([new(ana)])
    await row.adelete()
    assert kinds(heard, ana) == [("created", 1, 1), ("updated", 2, 1), ("created", 3, 2), ("deleted", 4, 1)]
