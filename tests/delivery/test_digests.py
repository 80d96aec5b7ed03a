"""One message with what is still unread: never two, never none, whatever dies when."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from notifications.delivery import claims, digests, message, worker
from notifications.delivery.digests import gather
from notifications.models import Delivery, Inbox, Notification, Preference, Reason, Status
from notifications.preferences.mutes import mute
from tests.inbox.workers import at_once, elsewhere, in_a_child, needs_row_locks

from .conftest import Configure
from .rows import count, notify, people, queue, queue_for_digest, states, want_digest
from .wire import Provider, accept, refuse_all

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
LEASE = timedelta(seconds=60)


@pytest.fixture(autouse=True)
def clock(configure: Configure) -> Any:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def ana() -> Any:
    (ana,) = people(1, "ana")
    want_digest([ana])
    return ana


def drain() -> None:
    worker.drain(using="default")


def carriers() -> list[Delivery]:
    return list(Delivery.objects.filter(notification=None).order_by("pk"))


def test_all_that_is_due_comes_in_one_message(ana: Any, provider: Provider) -> None:
    rows = queue_for_digest([ana], ("Paper is out", "Ink is out", "Pens are out"))

    drain()

    (text,) = provider.texts.values()
    assert all(subject in text for subject in ("Paper is out", "Ink is out", "Pens are out"))
    (carrier,) = carriers()
    assert (carrier.status, carrier.reason, carrier.attempts, carrier.answer) == ("sent", "", 1, "accepted")
    assert states(rows) == [("sent", "")] * 3
    assert Delivery.objects.filter(digest=carrier, finished_at=NOW, due_at=None).count() == 3
    drain()
    assert len(provider.calls) == 1


def test_each_person_and_each_channel_has_one_of_its_own(configure: Configure, provider: Provider) -> None:
    configure(CHANNELS={"pager": {"BACKEND": "tests.delivery.wire.WireChannel", "URL": provider.url}})
    users = people(3)
    want_digest(users)
    queue_for_digest(users)
    queue(notify(users[:1]), "pager", reason=Reason.DIGEST)
    drain()
    assert sorted((row.recipient_id, row.channel) for row in carriers()) == sorted(
        [(users[0].pk, "pager"), *((user.pk, "wire") for user in users)]
    )
    assert len(provider.accepted) == 4


def test_of_a_long_one_only_what_is_listed_is_loaded_in_full(
    ana: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message, "MOST_LISTED", 2)
    rows = queue_for_digest([ana], ("One", "Two", "Three", "Four", "Five"))
    with CaptureQueriesContext(connection) as queries:
        drain()
    (text,) = provider.texts.values()
    assert "and 3 more" in text
    assert states(rows) == [("sent", "")] * 5
    quoted = [query["sql"].replace("`", '"') for query in queries]
    in_full = [sql for sql in quoted if '"ntf_notification"."message"' in sql]
    assert len(in_full) == 2  # the rows that were claimed, of which a digest's has none; and those that are listed


def test_what_is_not_due_is_left_for_the_next(ana: Any, provider: Provider, clock: Any) -> None:
    queue_for_digest([ana], ("Today",))
    (tomorrow,) = queue(notify([ana], "Tomorrow"), due_at=NOW + timedelta(days=1), reason=Reason.DIGEST)
    drain()
    assert states([tomorrow]) == [("queued", Reason.DIGEST)]
    clock.shift(timedelta(days=1))
    drain()
    assert ["Tomorrow" in text for text in provider.texts.values()] == [False, True]


def test_what_was_read_is_left_out_with_its_reason(ana: Any, provider: Provider) -> None:
    read, deleted, expired, muted, unread = queue_for_digest([ana], ("Read", "Gone", "Late", "Mute", "Unread"))
    Notification.objects.filter(pk=read.notification_id).update(read_at=NOW)
    Notification.objects.filter(pk=deleted.notification_id).update(deleted_at=NOW)
    Notification.objects.filter(pk=expired.notification_id).update(expires_at=NOW)
    Notification.objects.filter(pk=muted.notification_id).update(type="order_ready")
    mute(ana, type="order_ready")

    drain()

    (text,) = provider.texts.values()
    assert "Unread" in text
    assert not any(subject in text for subject in ("Read\n", "Gone", "Late", "Mute"))
    assert states([read, deleted, expired, muted, unread]) == [
        ("skipped", Reason.READ),
        ("skipped", Reason.DELETED),
        ("skipped", Reason.EXPIRED),
        ("skipped", Reason.MUTED),
        ("sent", ""),
    ]


def test_nothing_is_sent_when_there_is_nothing(ana: Any, provider: Provider) -> None:
    rows = queue_for_digest([ana])
    Notification.objects.update(read_at=NOW)
    drain()
    assert provider.calls == []
    assert states(rows) == [("skipped", Reason.READ)] * 2
    (carrier,) = carriers()
    assert (carrier.status, carrier.reason, carrier.attempts) == ("skipped", Reason.READ, 0)


def test_one_that_fails_is_tried_again_whole_and_under_the_same_key(ana: Any, provider: Provider, clock: Any) -> None:
    rows = queue_for_digest([ana])
    provider.answer = refuse_all
    drain()
    (carrier,) = carriers()
    assert (carrier.status, carrier.reason, carrier.attempts) == ("queued", "retry", 1)
    assert states(rows) == [("queued", Reason.DIGEST)] * 2
    assert count(digest=carrier, due_at=None) == 2  # what waits is the carrier
    Notification.objects.filter(subject="First").update(read_at=NOW)
    provider.answer = accept
    clock.move_to(carrier.due_at)

    drain()

    assert states(rows) == [("skipped", Reason.READ), ("sent", "")]
    assert len(provider.calls) == 2
    assert len(set(provider.calls)) == 1


def test_what_somebody_closed_meanwhile_is_left_out(ana: Any, provider: Provider) -> None:
    rows = queue_for_digest([ana])
    gather(using="default")
    Delivery.objects.filter(pk=rows[0].pk).update(status=Status.SKIPPED, reason=Reason.DUPLICATE)
    drain()
    assert states(rows) == [("skipped", Reason.DUPLICATE), ("sent", "")]
    assert "First" not in next(iter(provider.texts.values()))


def test_one_that_failed_for_good_takes_its_members_with_it(ana: Any, provider: Provider) -> None:
    rows = queue_for_digest([ana])
    provider.answer = lambda key: (400, {})
    drain()
    assert states(rows) == [("failed", Reason.REFUSED)] * 2
    assert [carrier.status for carrier in carriers()] == [Status.FAILED]


def test_who_wants_no_digests_any_more_still_gets_what_waited(ana: Any, provider: Provider) -> None:
    queue_for_digest([ana])
    Preference.objects.all().delete()
    drain()
    assert len(provider.accepted) == 1


def test_a_member_whose_notification_was_purged(ana: Any, provider: Provider) -> None:
    gone, other = queue_for_digest([ana])
    Notification.objects.filter(pk=gone.notification_id)._raw_delete("default")
    drain()
    assert states([gone, other]) == [("skipped", Reason.DELETED), ("sent", "")]


def test_more_than_one_step_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "ROWS_PER_STEP", 10)
    users = people(25)
    want_digest(users)
    queue_for_digest(users)
    made = []
    while some := gather(using="default"):
        made.append(some)
    assert sum(made) == 25
    assert len(made) > 1
    assert count(digest=None, notification__isnull=False) == 0


# -- Several at once, and in the middle ----------------------------------------------------------------------


def test_several_workers_make_one_each() -> None:
    users = people(60)
    want_digest(users)
    queue_for_digest(users, ("A", "B", "C"))

    made = at_once(lambda _: sum(iter(lambda: gather(using="default"), 0)))

    gather(using="default")
    assert sum(made) <= 60 == len(carriers())
    assert count(digest=None, notification__isnull=False) == 0
    assert {carrier.members.count() for carrier in carriers()} == {3}


def test_of_people_without_preferences_too() -> None:
    users = people(30)
    Inbox.objects.bulk_create([Inbox(user=user) for user in users])
    queue_for_digest(users, ("A", "B", "C"))
    at_once(lambda _: gather(using="default"))
    gather(using="default")
    assert {carrier.members.count() for carrier in carriers()} == {3}
    assert len(carriers()) == 30


def test_of_people_of_whom_nothing_is_known() -> None:
    (ana,) = people(1)
    queue_for_digest([ana])
    assert gather(using="default") == 1
    assert {carrier.members.count() for carrier in carriers()} == {2}


def test_one_that_another_made_meanwhile_is_not_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of people who could not be locked: the condition decides."""
    (ana,) = people(1)
    rows = queue_for_digest([ana])
    insert = digests._insert_carriers

    def somebody_is_quicker(*args: Any, **kwargs: Any) -> Any:
        made = insert(*args, **kwargs)
        other = Delivery.objects.create(recipient=ana, channel="wire", reason=Reason.DIGEST, due_at=NOW)
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(digest=other, due_at=None)
        return made

    monkeypatch.setattr(digests, "_insert_carriers", somebody_is_quicker)
    assert gather(using="default") == 0
    assert [carrier.members.count() for carrier in carriers()] == [2]


@needs_row_locks
def test_whose_preferences_somebody_holds_is_left_for_later_and_holds_up_nobody(ana: Any) -> None:
    (ben,) = people(1, "ben")
    want_digest([ben])
    queue_for_digest([ana, ben])
    with elsewhere(lambda: list(Preference.objects.select_for_update().filter(pk=ana.pk))):
        assert gather(using="default") == 1
    assert gather(using="default") == 1


def die(*_: Any, **__: Any) -> None:
    os._exit(7)


@pytest.mark.parametrize("moment", ["carriers written", "members tied", "gathered", "claimed", "sent", "half finished"])
def test_a_worker_that_dies_in_the_middle_loses_nothing_and_doubles_nothing(
    ana: Any, provider: Provider, clock: Any, moment: str
) -> None:
    rows = queue_for_digest([ana])
    patch = pytest.MonkeyPatch()

    def child() -> None:
        if moment == "carriers written":
            patch.setattr(digests, "_tie", die)
        elif moment == "members tied":
            tie = digests._tie
            patch.setattr(digests, "_tie", lambda *args, **kwargs: die(tie(*args, **kwargs)))
        elif moment == "gathered":
            patch.setattr(worker, "_drain_some", die)
        elif moment == "claimed":
            patch.setattr(worker, "deliver", die)
        elif moment == "sent":
            patch.setattr(digests, "finish", die)
        else:
            patch.setattr(claims, "closing", lambda *args: die() if args[0] == "sent" and next(calls) else real(*args))
        drain()

    real, calls = claims.closing, iter([False, True])
    assert in_a_child(child) == 7
    clock.shift(LEASE)

    drain()

    assert len(provider.accepted) == 1
    assert len(provider.calls) == (2 if moment in {"sent", "half finished"} else 1)
    assert states(rows) == [("sent", "")] * 2
    assert [carrier.status for carrier in carriers()] == [Status.SENT]


def test_carrier_and_members_are_finished_together_or_not_at_all(ana: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_for_digest([ana])
    gather(using="default")
    (carrier,) = carriers()
    state = claims.circuit.states(["wire"], using="default")["wire"]
    (taken,) = claims.claim("wire", state, limit=1, using="default").deliveries  # type: ignore[union-attr]
    real, calls = claims.closing, iter([False, True])

    def fail(*args: Any) -> Any:
        if next(calls):
            raise IntegrityError
        return real(*args)

    monkeypatch.setattr(claims, "closing", fail)
    with pytest.raises(IntegrityError):
        digests.finish(taken, Status.SENT, using="default")
    carrier.refresh_from_db()
    assert carrier.status == Status.QUEUED
