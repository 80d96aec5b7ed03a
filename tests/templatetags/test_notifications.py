"""``{% notification_bell %}`` and ``{% notification_list %}`` as a host site's templates use them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from notifications import send_notification
from notifications.inbox.services import mark_all_read
from notifications.models import Inbox, Notification

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = "/static/notifications/websocket-notifications.js"


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("luis")


def render(source: str, user: Any, **context: Any) -> str:
    request = RequestFactory().get("/")
    request.user = user
    return Template("{% load notifications %}" + source).render(Context({"request": request, **context}))


def test_the_bell_shows_the_exact_count_and_where_the_page_stands(luis: Any) -> None:
    for _ in range(3):
        send_notification(luis, "system_alert", "Hello")

    html = render("{% notification_bell %}", luis)

    inbox = Inbox.objects.get(pk=luis.pk)
    assert 'aria-hidden="true">3</span>' in html
    assert ">3 unread notifications</span>" in html
    assert f'data-epoch="{inbox.epoch}" data-rev="3"' in html
    assert f'data-user-id="{luis.pk}"' in html
    assert 'data-ws-url="/ws/notifications"' in html
    assert 'data-api-url="/api/notifications"' in html


@pytest.mark.parametrize(
    ("count", "shown", "label"),
    [
        (0, "hidden>0</span>", "No unread notifications"),
        (1, ">1</span>", "1 unread notification<"),
        (99, ">99</span>", "99 unread notifications"),
        (100, ">99+</span>", "100 unread notifications"),
        (12_345, ">99+</span>", "12345 unread notifications"),
    ],
)
def test_the_count_in_figures_and_words(luis: Any, settings: Any, count: int, shown: str, label: str) -> None:
    settings.USE_THOUSAND_SEPARATOR = True  # data attributes must stay plain numbers
    Inbox.objects.create(user=luis, unread_count=count, last_rev=12_345)

    html = render("{% notification_bell %}", luis)

    assert shown in html
    assert f">{label}" in html
    assert 'data-rev="12345"' in html


def test_somebody_who_never_got_anything_has_a_bell(luis: Any) -> None:
    html = render("{% notification_bell %}", luis)
    assert "No unread notifications" in html
    assert 'data-rev="0"' in html


@pytest.mark.parametrize("tag", ["{% notification_bell %}", "{% notification_list %}"])
def test_there_is_nothing_for_strangers_and_error_pages(tag: str) -> None:
    assert render(tag, AnonymousUser()).strip() == ""
    assert Template("{% load notifications %}" + tag).render(Context({})).strip() == ""
    assert render(tag, get_user_model()(pk=999999)).strip() == ""  # deleted a moment ago


def test_a_bell_with_an_address_is_a_link(luis: Any) -> None:
    assert "<a " not in render("{% notification_bell %}", luis)
    assert '<a href="/inbox/?a=1&amp;b=&quot;2&quot;"' in render(
        "{% notification_bell url=address %}", luis, address='/inbox/?a=1&b="2"'
    )


def test_the_socket_may_be_elsewhere(luis: Any) -> None:
    html = render('{% notification_bell ws_url="wss://live.example.com/ws/notifications" %}', luis)
    assert 'data-ws-url="wss://live.example.com/ws/notifications"' in html


def test_one_module_and_nothing_inline(luis: Any) -> None:
    html = render("{% notification_bell %}{% notification_list %}", luis)

    assert re.findall(r"<script[^>]*>[^<]*</script>", html) == [f'<script type="module" src="{SCRIPT}"></script>']
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)


def test_the_list_is_text_newest_first_and_without_what_is_hidden(luis: Any) -> None:
    for subject in ("Oldest", "Middle", "<b>Newest</b>"):
        send_notification(luis, "system_alert", subject, "<i>message</i>", url='/x?"><script>')
    Notification.objects.filter(subject="Middle").update(archived_at=timezone.now())

    html = render("{% notification_list %}", luis).split("<template>")[0]

    assert html.index("&lt;b&gt;Newest&lt;/b&gt;") < html.index("Oldest")
    assert "Middle" not in html
    assert "<i>" not in html
    assert "<script>" not in html
    assert html.count("data-unread") == 2


def test_the_list_is_as_long_as_asked_and_can_mark_what_it_shows(luis: Any) -> None:
    for number in range(4):
        send_notification(luis, "system_alert", f"Number {number}")

    html = render("{% notification_list limit=2 %}", luis).split("<template>")[0]

    assert re.findall(r"Number \d", html) == ["Number 3", "Number 2"]
    assert 'name="mark_all_read" value="4"' in html
    newest = Notification.objects.get(subject="Number 3")
    assert f'name="mark_read" value="{newest.pk}"' in html


def test_what_is_read_has_no_button(luis: Any) -> None:
    send_notification(luis, "system_alert", "Read")
    mark_all_read(luis)

    html = render("{% notification_list %}", luis).split("<template>")[0]

    assert "data-unread" not in html
    assert re.search(r"data-notifications-read-all hidden", html)
    assert re.search(r"data-notifications-read hidden", html)


def test_new_rows_are_made_from_a_template_that_says_nothing(luis: Any) -> None:
    template = render("{% notification_list %}", luis).split("<template>")[1]
    assert 'data-id="" data-seq=""' in template
    assert re.search(r'data-field="subject">\s*</a>', template)


@pytest.mark.parametrize(
    "page", ["{% notification_bell %}{% notification_list %}", "{% notification_list %}{% notification_bell %}"]
)
def test_the_state_is_read_once_and_before_the_rows(luis: Any, page: str, django_assert_num_queries: Any) -> None:
    """The other order would lose what arrives between the two."""
    send_notification(luis, "system_alert", "Hello")

    with django_assert_num_queries(2) as queries:
        render(page, luis)

    assert "ntf_inbox" in queries[0]["sql"]
    assert "ntf_notification" in queries[1]["sql"]


def test_the_module_survives_hashed_file_names(luis: Any, settings: Any, tmp_path: Any) -> None:
    """What the entry module imports is found beside it, whatever the storage calls the entry."""
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.management import call_command

    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    html = render("{% notification_bell %}", luis)

    entry = re.search(r'src="/static/(notifications/websocket-notifications\.[0-9a-f]{12}\.js)"', html)[1]
    assert staticfiles_storage.hashed_files
    unseen, seen = [tmp_path / entry], set()
    while unseen:
        module = unseen.pop().resolve()
        if module not in seen:
            seen.add(module)
            imports = re.findall(r'^import .* from "(\.[^"]+)"', module.read_text(), re.MULTILINE)
            unseen += [module.parent / path for path in imports]
    assert len(seen) > 1  # and none was missing


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "data:text/html,x"])
def test_a_link_that_no_validator_saw_is_not_rendered(luis: Any, url: str) -> None:
    Notification.objects.create(recipient=luis, type="system_alert", subject="Click me", url=url)
    html = render("{% notification_list %}", luis)
    assert "Click me" in html
    assert url not in html
