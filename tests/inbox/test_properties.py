"""Any order of anything that can happen to two inboxes leaves them as PROTOCOL.md promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from notifications import send_notification, send_notifications
from notifications.inbox import retention
from notifications.inbox.services import (
    archive,
    delete,
    delete_all,
    mark_all_read,
    mark_read,
    mark_seen,
    mark_unread,
    unarchive,
)
from notifications.models import Inbox, Notification

from .invariants import Reader, check, settle

PEOPLE = st.integers(0, 1)
SOME_IDS = st.lists(st.integers(0, 30), max_size=5)
ACTIONS = st.sampled_from([mark_read, mark_unread, archive, unarchive, delete])


class Inboxes(RuleBasedStateMachine):
    """Two people; each step is one transaction of a host, or several steps are, and may be rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.block: Any = None

    @initialize()
    def two_people(self) -> None:
        get_user_model().objects.all().delete()
        self.people = [get_user_model().objects.create_user(f"user{n}") for n in range(2)]
        self.readers = [Reader(user) for user in self.people]
        self.last_rev = [0, 0]

    def some_of(self, person: int, places: list[int]) -> list[int]:
        ids = list(
            Notification.objects.filter(recipient=self.people[person]).order_by("pk").values_list("pk", flat=True)
        )
        return sorted({ids[place] for place in places if place < len(ids)})

    @rule(person=PEOPLE, key=st.sampled_from([None, None, "a", "b"]))
    def send(self, person: int, key: str | None) -> None:
        send_notification(self.people[person], "stock_alert", "x", dedupe_key=key)

    @rule(key=st.sampled_from([None, "a"]))
    def send_to_both(self, key: str | None) -> None:
        send_notifications(self.people, "stock_alert", "x", dedupe_key=key)

    @rule(person=PEOPLE, count=st.integers(1, 3))
    def bulk_create(self, person: int, count: int) -> None:
        rows = [Notification(recipient=self.people[person], type="stock_alert", subject="x") for _ in range(count)]
        Notification.objects.bulk_create(rows)

    @rule(person=PEOPLE, action=ACTIONS, places=SOME_IDS)
    def act(self, person: int, action: Any, places: list[int]) -> None:
        action(self.people[person], self.some_of(person, places))

    @rule(person=PEOPLE, up_to=st.none() | st.integers(0, 30))
    def read_all(self, person: int, up_to: int | None) -> None:
        mark_all_read(self.people[person], up_to)

    @rule(person=PEOPLE, up_to=st.integers(0, 50))
    def see(self, person: int, up_to: int) -> None:
        mark_seen(self.people[person], up_to)

    @rule(person=PEOPLE)
    def delete_everything(self, person: int) -> None:
        delete_all(self.people[person])

    @rule(person=PEOPLE, places=SOME_IDS, read=st.booleans())
    def edit(self, person: int, places: list[int], read: bool) -> None:
        rows = Notification.objects.filter(pk__in=self.some_of(person, places))
        rows.update(subject="edited", read_at=timezone.now() if read else None)

    @precondition(lambda self: self.block is None)
    @rule()
    def purge(self) -> None:
        QuerySet(Notification).filter(deleted_at__isnull=False).update(deleted_at=timezone.now() - timedelta(days=8))
        settle()
        retention.purge()

    @precondition(lambda self: self.block is None)
    @rule()
    def begin(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()

    @precondition(lambda self: self.block is not None)
    @rule(commit=st.booleans())
    def end(self, commit: bool) -> None:
        transaction.set_rollback(not commit)
        self.leave()

    def leave(self) -> None:
        block, self.block = self.block, None
        block.__exit__(None, None, None)

    @invariant()
    def inboxes_agree_with_their_rows(self) -> None:
        if self.block is None and hasattr(self, "people"):
            check()
            for number, user in enumerate(self.people):
                self.readers[number].poll()
                inbox = Inbox.objects.filter(pk=user.pk).first()
                rev = inbox.last_rev if inbox else 0
                assert rev >= self.last_rev[number]
                self.last_rev[number] = rev

    def teardown(self) -> None:
        if self.block is not None:
            self.leave()
        if hasattr(self, "people"):
            self.inboxes_agree_with_their_rows()


@pytest.mark.usefixtures("transactional_db")
def test_any_order_of_anything() -> None:
    run_state_machine_as_test(
        Inboxes,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            database=None,
            derandomize=True,  # the same steps in every run: a build must not fail by chance
            suppress_health_check=list(HealthCheck),
        ),
    )
