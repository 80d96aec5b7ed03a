"""What the buttons of the history page do without JavaScript."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from notifications.models import Inbox, Notification

from .conftest import HISTORY, html_of, send, subjects

pytestmark = pytest.mark.django_db(transaction=True)


def act(browser: Client, action: str, *ids: int, query: str = "") -> Any:
    return browser.post(HISTORY + query, {"action": action, "ids": ids})


def messages(browser: Client) -> list[str]:
    return [unescape(text) for text in re.findall(r'<p class="note[^>]*>([^<]*)<', html_of(browser))]


@pytest.mark.parametrize(
    ("action", "field", "sentence"),
    [
        ("mark_read", "read_at", "marked read."),
        ("archive", "archived_at", "archived."),
        ("delete", "deleted_at", "deleted."),
    ],
)
def test_one_button_for_one_and_one_for_the_checked(
    browser: Client, ana: Any, action: str, field: str, sentence: str
) -> None:
    one, two, three = send(ana, "One", "Two", "Three")

    response = act(browser, f"{action}:{one}", two)

    assert (response.status_code, response["Location"]) == (303, HISTORY)
    changed = Notification.objects.exclude(**{field: None})
    assert list(changed.values_list("pk", flat=True)) == [one]
    assert messages(browser) == [f"1 notification {sentence}"]
    act(browser, action, two, three)
    assert changed.count() == 3
    assert messages(browser) == [f"2 notifications {sentence}"]


def test_back_to_unread_and_back_from_the_archive(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "One")
    act(browser, f"archive:{pk}")
    assert f'value="unarchive:{pk}"' in html_of(browser, "?state=archived")
    act(browser, "unarchive", pk)
    act(browser, f"mark_unread:{pk}")
    assert Notification.objects.filter(pk=pk, archived_at=None, read_at=None).exists()


def test_mark_all_read_leaves_what_arrived_since(browser: Client, ana: Any) -> None:
    send(ana, "Shown")
    newest = re.search(r'value="(mark_all_read:\d+)"', html_of(browser))[1]
    send(ana, "Arrived since")
    act(browser, newest)
    assert subjects(html_of(browser, "?state=unread")) == ["Arrived since"]


def test_one_comes_back_to_the_same_place_and_nowhere_else(browser: Client, ana: Any) -> None:
    [pk] = send(ana, "One")
    query = "?state=unread&q=One&before=9&next=https://evil.example/&return_to=//evil.example"
    assert act(browser, f"mark_read:{pk}", query=query)["Location"] == HISTORY + query


FORGED = ["", "nonsense", "mark_read:", "mark_read:x", "mark_read:²", "mark_read:-1", f"delete:{'9' * 5000}"]
FORGED += ["mark_all_read", "mark_all_read:x", "delete", "delete_all", "mark_seen:1", "mark_read:1:2", "\0"]


@pytest.mark.parametrize("action", FORGED)
def test_a_forged_button_changes_nothing(browser: Client, ana: Any, action: str) -> None:
    send(ana, "One")
    assert act(browser, action).status_code == 303
    assert Inbox.objects.get(pk=ana.pk).unread_count == 1
    assert len(messages(browser)) == 1


def test_ids_of_others_are_left_alone(browser: Client, luis: Any) -> None:
    [pk] = send(luis, "Somebody else's")
    act(browser, f"delete:{pk}")
    act(browser, "mark_read", pk)
    assert Notification.objects.filter(pk=pk, deleted_at=None, read_at=None).exists()


def test_too_many_are_refused_with_a_sentence(browser: Client, ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {"MAX_IDS": 2}
    act(browser, "delete", *send(ana, "One", "Two", "Three"))
    assert Notification.objects.visible().count() == 3
    assert messages(browser) == ["That could not be done."]


def test_nothing_is_done_without_the_pages_token_or_by_get(ana: Any) -> None:
    [pk] = send(ana, "One")
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(ana)
    assert act(forger, f"delete:{pk}").status_code == 403
    forger.get(f"{HISTORY}?action=delete:{pk}")
    assert forger.put(HISTORY).status_code in {403, 405}
    assert Notification.objects.filter(pk=pk, deleted_at=None).exists()
