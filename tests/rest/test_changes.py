"""PROTOCOL's ``changes``, heard by a client that keeps a copy as a browser's polling does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from notifications.inbox import services
from notifications.inbox.retention import new_epoch, purge
from notifications.models import Inbox

from .conftest import SERVICE_KEY, ids, send

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/notifications"
CHANGES = f"{LIST}/changes"


class Poller:
    """A copy of an inbox, kept by PROTOCOL's rules alone."""

    def __init__(self, client: APIClient) -> None:
        self.client = client
        self.items: dict[int, Any] = {}
        self.pages = self.loads = 0
        self.load()

    def load(self) -> None:
        self.loads += 1
        self.items, before = {}, ""
        self.position: dict[str, Any] = {}
        while before is not None:
            page = self.client.get(LIST, {"before": before, "per_page": 100}).json()
            self.items |= {item["id"]: item for item in page["notifications"]}
            # The first page's, being the oldest: what changed while the others were read is heard again.
            self.position = self.position or {"since": page["rev"], "epoch": page["epoch"]}
            self.unread_count, before = page["unread_count"], page["next_before"]

    def poll(self) -> str | None:
        more = True
        while more:
            answer = self.client.get(CHANGES, self.position).json()
            if reason := answer.get("resync_required"):
                self.load()
                return str(reason)
            self.pages += 1
            self.items |= {item["id"]: item for item in answer["notifications"]}
            for pk in answer["deleted_ids"]:
                self.items.pop(pk, None)
            self.position = {"since": answer["rev"], "epoch": answer["epoch"]}
            self.unread_count, more = answer["unread_count"], answer["more"]
        return None


@pytest.fixture
def poller(client: APIClient) -> Poller:
    return Poller(client)


@pytest.fixture
def pages_of_five(settings: Any) -> None:
    settings.NOTIFICATIONS = {"SERVICE_KEY": SERVICE_KEY, "MAX_REPLAY": 5}


def stored(client: APIClient, user: Any) -> dict[int, Any]:
    return {
        pk: client.get(f"{LIST}/{pk}").json() for pk in user.inbox_notifications.visible().values_list("pk", flat=True)
    }


def test_nothing_changed(client: APIClient, ana: Any) -> None:
    send(ana)
    inbox = Inbox.objects.get(pk=ana.pk)
    assert client.get(CHANGES, {"since": 1, "epoch": str(inbox.epoch)}).json() == {
        "epoch": str(inbox.epoch),
        "rev": 1,
        "seen_seq": 0,
        "unread_count": 1,
        "notifications": [],
        "deleted_ids": [],
        "more": False,
    }


def test_changes_are_whole_rows_in_order_and_deletions_are_ids(client: APIClient, ana: Any) -> None:
    first, second, third = send(ana, 3)
    services.delete(ana, [second])
    services.mark_read(ana, [first])
    services.archive(ana, [third])
    services.mark_seen(ana, 3)
    answer = client.get(CHANGES, {"since": 0, "epoch": str(Inbox.objects.get(pk=ana.pk).epoch)}).json()
    assert answer["notifications"] == [client.get(f"{LIST}/{pk}").json() for pk in (first, third)]
    assert answer["deleted_ids"] == [second]
    assert (answer["rev"], answer["seen_seq"], answer["unread_count"]) == (7, 3, 0)


def test_a_poller_agrees_with_the_database_after_any_changes(poller: Poller, client: APIClient, ana: Any) -> None:
    dice = random.Random(7)
    acts: list[Callable[[Any, list[int]], Any]] = [
        services.mark_read,
        services.mark_unread,
        services.archive,
        services.unarchive,
        services.delete,
    ]
    for _ in range(30):
        send(ana, dice.randrange(3))
        known = list(ana.inbox_notifications.visible().values_list("pk", flat=True))
        dice.choice(acts)(ana, dice.sample(known, min(len(known), 3)))
        if dice.random() < 0.4:
            assert poller.poll() is None
            assert poller.items == stored(client, ana)
            assert poller.unread_count == Inbox.objects.get(pk=ana.pk).unread_count
    assert poller.loads == 1


def test_more_pages_until_it_has_all(poller: Poller, client: APIClient, ana: Any, pages_of_five: None) -> None:
    sent = send(ana, 9)
    services.mark_read(ana, sent[:3])
    assert poller.poll() is None
    assert poller.pages == 2
    assert poller.items == stored(client, ana)


def test_a_page_with_more_ends_with_a_whole_revision(client: APIClient, ana: Any, pages_of_five: None) -> None:
    sent = send(ana, 7)
    services.mark_read(ana, sent[3:7])  # revision 8: four rows, and only two places left on the page
    epoch = str(Inbox.objects.get(pk=ana.pk).epoch)
    first = client.get(CHANGES, {"since": 0, "epoch": epoch}).json()
    assert [item["id"] for item in first["notifications"]] == sent[:3]
    assert (first["rev"], first["more"]) == (3, True)
    second = client.get(CHANGES, {"since": 3, "epoch": epoch}).json()
    assert [item["id"] for item in second["notifications"]] == sent[3:]
    assert (second["rev"], second["more"]) == (8, False)


def test_resync_too_far_when_one_revision_fills_more_than_a_page(
    poller: Poller, client: APIClient, ana: Any, pages_of_five: None
) -> None:
    sent = send(ana, 8)
    services.mark_read(ana, sent[2:])
    inbox = Inbox.objects.get(pk=ana.pk)
    answer = client.get(CHANGES, {"since": 2, "epoch": str(inbox.epoch)})
    assert answer.status_code == 200
    assert answer.json() == {"resync_required": "too_far", "epoch": str(inbox.epoch), "rev": 9}
    assert poller.poll() == "too_far"
    assert poller.poll() is None
    assert poller.items == stored(client, ana)


def test_resync_epoch_after_a_restore(poller: Poller, client: APIClient, ana: Any) -> None:
    send(ana, 2)
    new_epoch()
    assert poller.poll() == "epoch"
    assert poller.poll() is None
    assert poller.items == stored(client, ana)


def test_resync_epoch_for_an_inbox_that_was_never_used(client: APIClient, ana: Any) -> None:
    answer = client.get(CHANGES, {"since": 5, "epoch": "of-some-other-database"}).json()
    assert answer == {"resync_required": "epoch", "epoch": str(Inbox.objects.get(pk=ana.pk).epoch), "rev": 0}


def test_a_database_that_went_back_begins_a_new_epoch(client: APIClient, ana: Any) -> None:
    send(ana)
    epoch = str(Inbox.objects.get(pk=ana.pk).epoch)
    answer = client.get(CHANGES, {"since": 2, "epoch": epoch}).json()
    now = str(Inbox.objects.get(pk=ana.pk).epoch)
    assert answer == {"resync_required": "epoch", "epoch": now, "rev": 1}
    assert now != epoch


def test_a_user_deleted_just_before_the_new_epoch_is_not_found(client: APIClient, ana: Any) -> None:
    send(ana)
    epoch = str(Inbox.objects.get(pk=ana.pk).epoch)

    def deleted_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE {} SET {}".format(*map(connection.ops.quote_name, ("ntf_inbox", "epoch")))):
            ana.delete()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(deleted_first):
        answer = client.get(CHANGES, {"since": 2, "epoch": epoch})
    assert answer.status_code == 404


def test_resync_horizon_when_deletions_were_purged(client: APIClient, ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"SERVICE_KEY": SERVICE_KEY, "TOMBSTONE_DAYS": 0}
    sent = send(ana, 2)
    services.delete(ana, sent[:1])
    purge()
    epoch = str(Inbox.objects.get(pk=ana.pk).epoch)
    answer = client.get(CHANGES, {"since": 2, "epoch": epoch}).json()
    assert answer == {"resync_required": "horizon", "epoch": epoch, "rev": 3}
    assert client.get(CHANGES, {"since": 3, "epoch": epoch}).json()["more"] is False


def test_what_is_not_numbered_yet_is_not_told(client: APIClient, ana: Any) -> None:
    [known] = send(ana)
    with connection.cursor() as cursor:  # as raw SQL leaves it, until the sweeper comes
        cursor.execute(
            "INSERT INTO ntf_notification (recipient_id, type, subject) VALUES (%s, 'stock_alert', 'By hand')", [ana.pk]
        )
    inbox = Inbox.objects.get(pk=ana.pk)
    answer = client.get(CHANGES, {"since": 0, "epoch": str(inbox.epoch)}).json()
    assert [item["id"] for item in answer["notifications"]] == [known]
    assert ids(client.get(LIST)) == [known]


def test_another_users_changes_are_not_told(client: APIClient, ana: Any, ben: Any) -> None:
    send(ana)
    send(ben, 3)
    epoch = str(Inbox.objects.get(pk=ana.pk).epoch)
    answer = client.get(CHANGES, {"since": 0, "epoch": epoch}).json()
    assert [item["id"] for item in answer["notifications"]] == [ana.inbox_notifications.get().pk]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "since"),
        ({"epoch": "x"}, "since"),
        ({"since": "-1", "epoch": "x"}, "since"),
        ({"since": "one", "epoch": "x"}, "since"),
        ({"since": "0"}, "epoch"),
        ({"since": "0", "epoch": ""}, "epoch"),
    ],
)
def test_since_and_epoch_are_required(client: APIClient, query: dict[str, str], field: str) -> None:
    response = client.get(CHANGES, query)
    assert (response.status_code, list(response.json())) == (400, [field])


@pytest.mark.parametrize("epoch", ["\0", "é", "x" * 5000, "00000000-0000-0000-0000-000000000000"])
def test_a_strange_epoch_is_another_epoch(client: APIClient, ana: Any, epoch: str) -> None:
    send(ana)
    answer = client.get(CHANGES, {"since": 10**40, "epoch": epoch}).json()
    assert answer["resync_required"] == "epoch"
