"""To a real endpoint, which decrypts what a browser would be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model

from notifications.delivery.channels.push import MOST_BYTES, PushChannel, content
from notifications.delivery.errors import PermanentError, TemporaryError
from notifications.models import PushSubscription
from tests.delivery.messages import message, notification
from tests.push_service import CHANNEL, browser_at, claims
from tests.receiver import Receiver, Reply
from tests.servers import free_port

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)


@pytest.fixture
def service() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def ana() -> Any:
    return get_user_model().objects.create_user("ana")


@pytest.fixture
def push(service: Receiver) -> Iterator[PushChannel]:
    with PushChannel("push", {**CHANNEL, "HOSTS": [service.url]}) as channel:
        yield channel


def devices(push: PushChannel, user: Any) -> list[PushSubscription]:
    return push.addresses([user.pk], using="default").get(user.pk, [])


@time_machine.travel(NOW, tick=False)
def test_the_browser_reads_what_was_sent(push: PushChannel, service: Receiver, ana: Any) -> None:
    browser = browser_at(service, "one")
    browser.subscribe(ana)
    service.replies.append(Reply(201, b""))

    answer = push.send(message(subject="Agotado: tazas ☕", language="es"), devices(push, ana))

    [got] = service.got
    assert answer == "Firefox · Linux: HTTP 201"
    assert got.path == "/push/one"
    assert browser.shown(got) == {
        "title": "Agotado: tazas ☕",
        "body": "Stoneware mugs",
        "url": "https://shop.example.org/stock/7/",
        "tag": "notification-7",
        "lang": "es",
        "critical": False,
    }
    said = claims(got)
    assert (said["aud"], said["sub"]) == (service.url, "mailto:admin@example.org")
    assert 0 < said["exp"] - NOW.timestamp() <= 24 * 3600
    assert PushSubscription.objects.get().last_sent_at == NOW


@pytest.mark.parametrize(
    ("priority", "urgency"), [("low", "low"), ("medium", "normal"), ("high", "high"), ("critical", "high")]
)
def test_how_urgent_it_is(push: PushChannel, service: Receiver, ana: Any, priority: str, urgency: str) -> None:
    browser = browser_at(service, "one")
    browser.subscribe(ana)
    push.send(message(priority=priority), devices(push, ana))
    assert service.got[0].headers["Urgency"] == urgency
    assert browser.shown(service.got[0])["critical"] == (priority == "critical")


@pytest.mark.parametrize(
    ("ends", "seconds"),
    [
        ([None], 604_800),
        ([timedelta(minutes=5)], 300),
        ([timedelta(seconds=-1)], 0),
        ([timedelta(days=300)], 604_800),
        ([timedelta(minutes=5), timedelta(hours=1)], 3_600),
        ([timedelta(minutes=5), None], 604_800),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_how_long_the_service_keeps_it(
    push: PushChannel, service: Receiver, ana: Any, ends: list[timedelta | None], seconds: int
) -> None:
    browser_at(service, "one").subscribe(ana)
    rows = [notification(pk, expires_at=end and NOW + end) for pk, end in enumerate(ends, 1)]
    push.send(message(*rows), devices(push, ana))
    assert service.got[0].headers["TTL"] == str(seconds)


def test_a_second_attempt_takes_the_place_of_the_first(push: PushChannel, service: Receiver, ana: Any) -> None:
    browser_at(service, "one").subscribe(ana)
    service.replies.append(Reply(500))
    with pytest.raises(TemporaryError):
        push.send(message(), devices(push, ana))
    push.send(message(), devices(push, ana))
    push.send(message(key="delivery-another"), devices(push, ana))
    first, second, other = (got.headers["Topic"] for got in service.got)
    assert first == second != other
    assert len(first) == 32


@pytest.mark.parametrize("status", [404, 410])
def test_an_endpoint_that_is_gone_is_removed_and_stops_nobody(
    push: PushChannel, service: Receiver, ana: Any, status: int
) -> None:
    gone, living = browser_at(service, "gone"), browser_at(service, "living")
    gone.subscribe(ana, "Chrome · Android")
    living.subscribe(ana)
    service.replies.extend([Reply(status), Reply(201)])

    answer = push.send(message(), devices(push, ana))

    assert answer.splitlines() == [
        f"Chrome · Android: HTTP {status}, it is subscribed no more",
        "Firefox · Linux: HTTP 201, ok",
    ]
    assert living.shown(service.got[1])["title"] == "Sold out"
    assert list(PushSubscription.objects.values_list("endpoint", flat=True)) == [living.endpoint]


def test_where_the_last_one_is_gone_nothing_is_tried_again(push: PushChannel, service: Receiver, ana: Any) -> None:
    browser_at(service, "gone").subscribe(ana)
    service.replies.append(Reply(410))
    with pytest.raises(PermanentError, match="subscribed no more"):
        push.send(message(), devices(push, ana))
    assert devices(push, ana) == []
    with pytest.raises(PermanentError, match="No browser is subscribed"):
        push.send(message(), devices(push, ana))


def test_a_row_that_became_another_browsers_meanwhile_is_not_removed(
    push: PushChannel, service: Receiver, ana: Any
) -> None:
    old = browser_at(service, "old").subscribe(ana)
    read = devices(push, ana)
    PushSubscription.objects.filter(pk=old.pk).update(endpoint=f"{service.url}/push/new", endpoint_hash="n" * 64)
    service.replies.append(Reply(410))
    with pytest.raises(PermanentError):
        push.send(message(), read)
    assert PushSubscription.objects.filter(pk=old.pk).exists()


def test_who_was_reached_is_left_alone_when_the_others_are_tried_again(
    push: PushChannel, service: Receiver, ana: Any
) -> None:
    browser_at(service, "first").subscribe(ana)
    browser_at(service, "second").subscribe(ana, "Chrome · Android")
    service.replies.extend([Reply(201), Reply(503, b"", {"Retry-After": "40"})])
    with pytest.raises(TemporaryError, match=r"Linux: HTTP 201, ok\nChrome · Android: HTTP 503") as raised:
        push.send(message(), devices(push, ana))
    assert raised.value.retry_after == 40.0
    assert not raised.value.provider  # the other one was reached

    answer = push.send(message(), devices(push, ana))

    assert [got.path for got in service.got] == ["/push/first", "/push/second", "/push/second"]
    assert answer == "Firefox · Linux: sent before\nChrome · Android: HTTP 200, ok"
    push.send(message(key="delivery-another"), devices(push, ana))
    assert len(service.got) == 5
    # Two that are tried again by turns are known, both.
    push.send(message(), devices(push, ana))
    push.send(message(key="delivery-another"), devices(push, ana))
    assert len(service.got) == 5


@pytest.mark.parametrize("status", [500, 503, 429, 401, 403])
def test_a_service_in_trouble_says_nothing_of_the_others(
    push: PushChannel, service: Receiver, ana: Any, status: int
) -> None:
    """Which service is asked, a person chooses: nobody may stop push for everybody."""
    browser_at(service, "one").subscribe(ana)
    service.replies.append(Reply(status, b"", {"Retry-After": "40"}))
    with pytest.raises(TemporaryError) as raised:
        push.send(message(), devices(push, ana))
    assert (raised.value.provider, raised.value.retry_after) == (False, 40.0)
    assert PushSubscription.objects.get().recent_keys == ""


@pytest.mark.parametrize("status", [400, 413])
def test_what_a_service_refuses_is_not_tried_again(push: PushChannel, service: Receiver, ana: Any, status: int) -> None:
    browser_at(service, "one").subscribe(ana)
    service.replies.append(Reply(status, b"wrong key"))
    with pytest.raises(PermanentError, match=f"HTTP {status}, wrong key"):
        push.send(message(), devices(push, ana))
    assert PushSubscription.objects.exists()


def test_a_service_that_is_away(service: Receiver, ana: Any) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    push = PushChannel("push", {**CHANNEL, "HOSTS": [away, service.url]})
    living = browser_at(service, "living")
    living.endpoint, before = f"{away}/push/x", living.endpoint
    living.subscribe(ana, "Chrome · Windows")
    living.endpoint = before
    living.subscribe(ana)
    with pytest.raises(TemporaryError, match=r"Windows: 127\.0\.0\.1 did not answer"):
        push.send(message(), devices(push, ana))
    assert len(service.got) == 1
    with pytest.raises(TemporaryError) as raised:
        push.send(message(), devices(push, ana)[:1])
    assert not raised.value.provider


def test_a_service_that_fails_again_and_again_is_left_alone_and_no_other(
    service: Receiver, ana: Any, settings: Any
) -> None:
    settings.NOTIFICATIONS = {"CIRCUIT_FAILURES": 2, "CIRCUIT_SECONDS": 30}
    with Receiver() as failing, time_machine.travel(NOW, tick=False) as clock:
        push = PushChannel("push", {**CHANNEL, "HOSTS": [failing.url, service.url]})
        browser_at(failing, "one").subscribe(ana, "Chrome · Windows")
        browser_at(service, "two").subscribe(ana)
        failing.replies.extend([Reply(503), Reply(503)])
        for key in ("first", "second"):
            with pytest.raises(TemporaryError):
                push.send(message(key=key), devices(push, ana))
        with pytest.raises(TemporaryError, match=r"left alone for a while\.\nFirefox · Linux: HTTP 200") as raised:
            push.send(message(key="third"), devices(push, ana))
        assert (len(failing.got), len(service.got)) == (2, 3)
        assert 0 < (raised.value.retry_after or 0) <= 30
        assert not raised.value.provider

        clock.shift(31)
        push.send(message(key="third"), devices(push, ana))
        assert (len(failing.got), len(service.got)) == (3, 3)


def test_it_sends_to_push_services_only(service: Receiver, ana: Any) -> None:
    """Rows may be older than the list of hosts, or written past every check."""
    browser_at(service, "one").subscribe(ana)
    push = PushChannel("push", CHANNEL)
    with pytest.raises(PermanentError, match="not one of those"):
        push.send(message(), devices(push, ana))
    assert service.got == []


def test_keys_that_are_none(push: PushChannel, service: Receiver, ana: Any) -> None:
    """The shape is right, and it is no point of the curve."""
    row = browser_at(service, "one").subscribe(ana)
    PushSubscription.objects.filter(pk=row.pk).update(p256dh="BA" + "A" * 85)
    with pytest.raises(PermanentError, match="its keys are none"):
        push.send(message(), devices(push, ana))
    assert not PushSubscription.objects.exists()


def test_the_addresses_of_many_are_one_query(
    push: PushChannel, service: Receiver, ana: Any, django_assert_num_queries: Any
) -> None:
    luis, away = (get_user_model().objects.create_user(name) for name in ("luis", "away"))
    get_user_model().objects.filter(pk=away.pk).update(is_active=False)
    for number, user in enumerate([ana, ana, luis, away]):
        browser_at(service, str(number)).subscribe(user)
    with django_assert_num_queries(1):
        found = push.addresses([ana.pk, luis.pk, away.pk], using="default")
    assert {user: len(rows) for user, rows in found.items()} == {ana.pk: 2, luis.pk: 1}


def test_a_digest_has_a_tag_of_its_own(push: PushChannel) -> None:
    assert b'"tag":"delivery-0123456789abcdef"' in content(message(notification(1), notification(2), is_digest=True))


@pytest.mark.parametrize("letter", ["x", "ñ", "☕", "\N{PILE OF POO}", '"', "\n"])
def test_a_long_text_is_cut_to_what_a_push_message_holds(
    push: PushChannel, service: Receiver, ana: Any, letter: str
) -> None:
    browser = browser_at(service, "one")
    browser.subscribe(ana)
    push.send(message(subject=letter * 255, body=letter * 9_000), devices(push, ana))
    shown = browser.shown(service.got[0])  # which also looks at the size of the body
    assert shown["title"] == letter * 255
    assert shown["body"].startswith(letter * 300)
    assert shown["body"].endswith("…")
    assert shown["url"] == "https://shop.example.org/stock/7/"


def test_an_address_is_never_cut() -> None:
    url = "https://shop.example.org/" + "é" * 1_990
    made = content(message(subject="s" * 255, body="b" * 5_000, url=url))
    assert len(made) <= MOST_BYTES
    assert b'"url":""' in made
    assert b"bbb" in made


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"VAPID_PRIVATE_KEY": ""}, "no private key"),
        ({"VAPID_PRIVATE_KEY": "c2VjcmV0"}, "no private key"),
        ({"VAPID_PRIVATE_KEY": "not base64!"}, "no private key"),
        ({"VAPID_CONTACT": "admin@example.org"}, "['VAPID_CONTACT'] is 'admin@example.org'"),
        ({"HOSTS": "push.example.org"}, "['HOSTS'] is no list"),
        ({"TTL": "1 day"}, "['TTL'] is '1 day'"),
    ],
)
def test_a_check_says_what_is_wrong_and_never_the_key(options: dict[str, Any], says: str) -> None:
    channel = PushChannel("push", {**CHANNEL, **options})
    [problem] = channel.check()
    assert problem.msg.startswith("NOTIFICATIONS['CHANNELS']['push']")
    assert says in problem.msg
    assert problem.hint
    assert "c2VjcmV0" not in problem.msg


def test_a_check_is_content_with_what_is_right(push: PushChannel) -> None:
    assert push.check() == []
    assert PushChannel("push", CHANNEL).check() == []
