"""The history page without JavaScript."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications.inbox.services import archive, mark_read
from notifications.models import Inbox, Notification

from .conftest import HISTORY, html_of, link, send, subjects

pytestmark = pytest.mark.django_db(transaction=True)


def test_strangers_are_sent_to_the_log_in(db: None) -> None:
    response = Client().get(HISTORY)
    assert (response.status_code, response["Location"]) == (302, "/welcome?next=/notifications/")
    assert Client().post(HISTORY, {"action": "delete"}).status_code == 302


def test_rows_are_newest_first_with_all_that_was_said(browser: Client, ana: Any, luis: Any) -> None:
    [first] = send(ana, "First", message="Line one\nLine two", url="/stock/", actor=luis, target=luis)
    [second] = send(ana, "Second", notification_type="stock_alert")
    mark_read(ana, [first])
    send(luis, "Somebody else's")

    html = html_of(browser)

    assert subjects(html) == ["Second", "First"]
    row = Notification.objects.get(pk=first)
    assert (
        f'<li class="notifications-item" data-id="{first}" data-seq="{row.seq}" data-rev="{row.rev}" '
        'data-priority="critical" data-type="system_alert">'
    ) in html
    assert (
        f'data-id="{second}" data-seq="2" data-rev="2" data-priority="high" data-type="stock_alert" data-unread>'
        in html
    )
    assert '<a data-field="subject" href="/stock/">First</a>' in html
    assert '<a data-field="subject">Second</a>' in html
    assert "Line one<br>Line two" in html
    assert "From luis" in html
    assert "Out of stock" in html
    inbox = Inbox.objects.get(pk=ana.pk)
    assert f'data-notifications-history data-newest-seq="{inbox.last_rev}"' in html
    assert f'value="mark_all_read:{inbox.last_rev}"' in html
    assert f'name="action" value="mark_unread:{first}"' in html
    assert f'name="action" value="mark_read:{second}"' in html


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Unread", "Read"]),
        ("?state=all", ["Unread", "Read"]),
        ("?state=unread", ["Unread"]),
        ("?state=read", ["Read"]),
        ("?state=archived", ["Put away"]),
        ("?q=UNR", ["Unread"]),
        ("?q=says+this", ["Read"]),
        ("?q=luis", ["Unread"]),
        ("?q=%25", []),
        ("?q=_", []),
        ("?type=stock_alert", ["Read"]),
        ("?priority=critical", ["Unread"]),
        ("?priority=critical&type=stock_alert", []),
        ("?type=&priority=&q=&from=&to=&before=", ["Unread", "Read"]),
        ("?nonsense=1", ["Unread", "Read"]),
    ],
)
def test_filters(browser: Client, ana: Any, luis: Any, query: str, expected: list[str]) -> None:
    [read] = send(ana, "Read", notification_type="stock_alert", message="It says THIS.")
    send(ana, "Unread", actor=luis)
    [away] = send(ana, "Put away")
    mark_read(ana, [read])
    archive(ana, [away])
    assert subjects(html_of(browser, query)) == expected


def test_days_are_whole_and_in_the_pages_time_zone(browser: Client, ana: Any, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Madrid"
    ids = send(ana, "Late on the 1st", "Early on the 2nd", "Late on the 2nd", "Early on the 3rd")
    moments = [datetime(2026, 5, day, hour, 30, tzinfo=UTC) for day, hour in ((1, 21), (1, 22), (2, 21), (2, 22))]
    for pk, moment in zip(ids, moments, strict=True):
        Notification.objects.filter(pk=pk).update(created_at=moment)
    assert subjects(html_of(browser, "?from=2026-05-02&to=2026-05-02")) == ["Late on the 2nd", "Early on the 2nd"]
    assert subjects(html_of(browser, "?from=2026-05-03")) == ["Early on the 3rd"]


@pytest.mark.parametrize(
    "query",
    [
        "?state=mine",
        "?type=no_such_type",
        "?priority=urgent",
        "?from=yesterday",
        "?from=0001-01-01",
        "?to=9999-12-31",
        "?from=2026-05-02&to=2026-05-01",
        "?before=x",
        "?before=-1",
        f"?before={'9' * 5000}",
        f"?before={2**63}",
        "?q=%00",
        f"?q={'x' * 201}",
    ],
)
def test_a_wrong_filter_says_so_and_lists_nothing(browser: Client, ana: Any, query: str) -> None:
    send(ana, "Hidden")
    html = html_of(browser, query, 400)
    assert "<title>Error: Notifications</title>" in html
    assert 'class="errorlist"' in html
    assert subjects(html) == []


def test_pages_go_on_below_the_last_row(browser: Client, ana: Any) -> None:
    send(ana, *[f"Number {number:02}" for number in range(45)])
    seen, query, pages = [], "?q=Number", 0
    while query:
        html = html_of(browser, query)
        seen += subjects(html)
        send(ana, f"Number of those that arrive meanwhile: {pages}")
        pages += 1
        query = link(html, "Older") if ">Older<" in html else ""
        assert (">Newest<" in html) == (pages > 1)
    assert seen == [f"Number {number:02}" for number in reversed(range(45))]
    assert pages == 3
    assert link(html, "Newest") == "?q=Number"


def test_the_same_few_queries_however_many_rows(browser: Client, ana: Any, luis: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            html_of(browser)
        return len(captured)

    send(ana, "One", actor=luis, target=luis)
    few = queries()
    send(ana, *map(str, range(19)), actor=luis, target=ana)
    assert queries() == few
    assert few <= 5  # session, user, inbox, rows, options


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "No notifications yet."),
        ("?state=unread", "Nothing unread. You are up to date."),
        ("?state=read", "Nothing read yet."),
        ("?state=archived", "Nothing is archived."),
        ("?q=x", "Nothing matches this search."),
        ("?before=1", "There is nothing older."),
    ],
)
def test_an_empty_list_says_why(browser: Client, query: str, sentence: str) -> None:
    assert sentence in html_of(browser, query)


def test_everything_that_a_notification_says_is_text(browser: Client, ana: Any) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    actor = get_user_model().objects.create_user("<b>bold</b>")
    send(ana, evil, message=evil, actor=actor, target=actor)
    for query in ("", "?q=%22%3E%3Cscript%3E"):
        html = html_of(browser, query)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<b>bold" not in html
        assert not re.search(r"<style|\sstyle=|\son\w+=\"|<script(?![^>]*\bsrc=\"/)", html)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "data:text/html,x"])
def test_a_link_that_no_validator_saw_is_not_rendered(browser: Client, ana: Any, url: str) -> None:
    Notification.objects.create(
        recipient=ana, type="gone", subject="Click me", url=url, target_text="A thing", target_url=url
    )
    html = html_of(browser)
    assert subjects(html) == ["Click me"]
    assert "A thing" in html
    assert url not in html


def test_the_page_is_spanish_for_who_asks_for_it(browser: Client, ana: Any) -> None:
    send(ana, "Hola")
    response = browser.get(HISTORY, headers={"accept-language": "es"})
    html = response.content.decode()
    assert response["Content-Language"] == "es"
    assert '<html lang="es">' in html
    for text in ("<title>Notificaciones</title>", "Marcar como leída", "Sin leer", "Buscar", "Más filtros"):
        assert text in html
