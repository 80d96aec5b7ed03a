"""The same ``dedupe_key`` for the same person is one notification, however often and from wherever it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from notifications import send_notification, send_notifications
from notifications.inbox.services import delete
from notifications.models import Batch, Notification
from notifications.signals import notifications_inserted

from .conftest import Heard
from .invariants import check, check_dense, settle
from .workers import at_once


def send(user: Any, key: Any, subject: str = "x") -> Any:
    return send_notification(user, "stock_alert", subject, dedupe_key=key)


def test_the_second_send_returns_the_first_and_announces_nothing(ana: Any, heard: Heard) -> None:
    first, second = send(ana, "order-7", "first"), send(ana, "order-7", "second")
    assert (first["created"], second["created"]) == (True, False)
    assert second["notification_id"] == first["notification_id"]
    assert second["success"] is True
    assert [row.subject for row in Notification.objects.all()] == ["first"]
    assert heard.told(ana) == [("created", 1, 1, [first["notification_id"]])]


def test_another_key_or_another_person_is_another_notification(ana: Any, ben: Any) -> None:
    ids = {send(ana, "a")["notification_id"], send(ana, "b")["notification_id"], send(ben, "a")["notification_id"]}
    assert len(ids) == 3


@pytest.mark.parametrize("other", ["order-A", "order-á", "order-a ", "örder-a", "order-a\u200b"])
def test_a_key_that_only_looks_the_same_is_another(ana: Any, other: str) -> None:
    send(ana, "order-a")
    assert send(ana, other)["created"] is True
    assert send_notifications([ana], "stock_alert", "x", dedupe_key=other.upper())["created"] == 1
    check_dense(ana, 3)


def test_no_key_is_no_key(ana: Any) -> None:
    send(ana, None)
    send(ana, None)
    check_dense(ana, 2)


def test_a_key_may_be_a_number(ana: Any) -> None:
    send(ana, 7)
    assert send(ana, "7")["created"] is False


def test_a_deleted_notification_is_not_sent_again(ana: Any) -> None:
    first = send(ana, "a")
    delete(ana, [first["notification_id"]])
    assert send(ana, "a") == {**first, "created": False}
    check(ana)


def test_eight_at_once_make_one(ana: Any, heard: Heard) -> None:
    for key in range(5):
        results = at_once(lambda _, key=key: send(ana, f"k{key}"))  # type: ignore[misc]
        assert sorted(result["created"] for result in results) == [False] * 7 + [True]
        assert len({result["notification_id"] for result in results}) == 1
    check_dense(ana, 5)
    assert len(heard.steps(ana)) == 5


def test_in_a_transaction_that_goes_on_after_the_second(ana: Any) -> None:
    with transaction.atomic():
        first = send(ana, "a")
        assert send(ana, "a")["notification_id"] == first["notification_id"]
        send(ana, "b")
    check_dense(ana, 2)


def test_after_a_roll_back_the_key_is_free(ana: Any) -> None:
    with transaction.atomic():
        send(ana, "a")
        transaction.set_rollback(True)
    assert send(ana, "a")["created"] is True
    check_dense(ana, 1)


def test_across_a_batch_and_single_sends(ana: Any, ben: Any) -> None:
    first = send(ana, "sale")
    result = send_notifications([ana, ben], "stock_alert", "x", dedupe_key="sale")
    assert (result["recipients"], result["created"], result["skipped"], result["pending"]) == (2, 1, 1, 0)
    again = send_notifications([ana, ben], "stock_alert", "x", dedupe_key="sale")
    assert (again["created"], again["skipped"]) == (0, 2)
    assert send(ana, "sale")["notification_id"] == first["notification_id"]
    assert send(ben, "sale")["created"] is False
    check_dense(ana, 1)
    check_dense(ben, 1)


def test_batches_and_single_sends_at_once(ana: Any, ben: Any) -> None:
    def work(number: int) -> Any:
        if number % 2:
            return send(ana if number % 4 == 1 else ben, "sale")
        return send_notifications([ana, ben], "stock_alert", "x", dedupe_key="sale")

    at_once(work)
    settle()  # a chunk that met a key in the moment between is taken up again
    check_dense(ana, 1)
    check_dense(ben, 1)
    check()


def test_listeners_hear_only_of_what_was_inserted(ana: Any) -> None:
    inserted: list[Any] = []

    def listen(content: Any, ids: dict[Any, int], **_: Any) -> None:
        inserted.append((content.subject, list(ids)))

    notifications_inserted.connect(listen)
    try:
        send(ana, "a", "first")
        send(ana, "a", "second")
        send(ana, None, "third")
    finally:
        notifications_inserted.disconnect(listen)
    assert inserted == [("first", [ana.pk]), ("third", [ana.pk])]


def test_a_listener_inside_the_transaction_can_refuse_the_send(ana: Any) -> None:
    def refuse(**_: Any) -> None:
        raise RuntimeError("not today")

    notifications_inserted.connect(refuse)
    try:
        for key in (None, "a"):
            with pytest.raises(RuntimeError, match="not today"):
                send(ana, key)
        # Each chunk is a transaction of its own, and is tried again until nobody refuses.
        assert send_notifications([ana], "stock_alert", "x")["pending"] == 1
        assert not Notification.objects.exists()
    finally:
        notifications_inserted.disconnect(refuse)
    Batch.objects.all().delete()
    settle()
    assert not Notification.objects.exists()
