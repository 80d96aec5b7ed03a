"""To a real receiver that verifies as the standard says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from notifications.delivery.channels.webhook import WebhookChannel, secret_for, signature
from notifications.delivery.errors import PermanentError, TemporaryError
from tests.delivery.messages import MORNING, message, notification
from tests.receiver import Got, Receiver, Reply

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = f"whsec_{base64.b64encode(b'n' * 32).decode()}"
NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def channel(receiver: Receiver, **options: Any) -> WebhookChannel:
    return WebhookChannel("webhook", {"SECRET": SECRET, "URL": f"{receiver.url}/hook", **options})


def verified(got: Got, secret: str = SECRET) -> Any:
    """What a receiver does, in its own words; the body."""
    signed = b".".join([got.headers["webhook-id"].encode(), got.headers["webhook-timestamp"].encode(), got.body])
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert expected in got.headers["webhook-signature"].split(" ")
    assert abs(int(got.headers["webhook-timestamp"]) - NOW.timestamp()) < 300
    return json.loads(got.body)


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    made = signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@time_machine.travel(NOW, tick=False)
def test_what_a_receiver_gets(receiver: Receiver) -> None:
    receiver.replies.append(Reply(202, b"queued"))
    assert channel(receiver).send(message(body="Tazas \u2014 agotadas"), "") == "HTTP 202\nqueued"
    [got] = receiver.got
    assert got.path == "/hook"
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Idempotency-Key"] == got.headers["webhook-id"] == "delivery-0123456789abcdef"
    assert verified(got) == {
        "type": "notification.sent",
        "timestamp": "2026-03-12T09:30:00Z",
        "data": {
            "user_id": 3,
            "language": "en",
            "subject": "Sold out",
            "body": "Tazas \u2014 agotadas",
            "url": "https://shop.example.org/stock/7/",
            "priority": "high",
            "notifications": [
                {
                    "id": 7,
                    "type": "stock_alert",
                    "subject": "Sold out",
                    "message": "Stoneware mugs",
                    "priority": "high",
                    "url": "/stock/7/",
                    "data": {"left": 0},
                    "created_at": "2026-03-12T09:30:00Z",
                }
            ],
            "more": 0,
        },
    }


@time_machine.travel(NOW, tick=False)
def test_a_digest_is_one_message(receiver: Receiver) -> None:
    rows = [notification(1, created_at=MORNING), notification(2, created_at=NOW)]
    channel(receiver).send(message(*rows, is_digest=True), "")
    body = verified(receiver.got[0])
    assert (body["type"], body["timestamp"]) == ("notification.digest", "2026-03-12T12:00:00Z")
    assert [each["id"] for each in body["data"]["notifications"]] == [1, 2]


def test_an_attempt_is_like_the_one_before_but_for_its_time(receiver: Receiver) -> None:
    for moment in (NOW, datetime(2026, 3, 13, tzinfo=UTC)):
        with time_machine.travel(moment, tick=False):
            channel(receiver).send(message(), "")
    first, second = receiver.got
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


@time_machine.travel(NOW, tick=False)
def test_while_a_secret_is_replaced_both_sign(receiver: Receiver) -> None:
    channel(receiver, SECRET=[SECRET, OTHER], HEADERS={"X-Shop": "7"}).send(message(), "")
    [got] = receiver.got
    assert verified(got) == verified(got, OTHER)
    assert got.headers["X-Shop"] == "7"


@time_machine.travel(NOW, tick=False)
def test_a_persons_own_receiver_knows_the_sites_secret_not(receiver: Receiver, settings: Any) -> None:
    """Else it could sign what the receivers of others believe."""
    options = {"SECRET": [SECRET, OTHER], "ADDRESS": "profile__hook", "ALLOW_PRIVATE": True}
    settings.NOTIFICATIONS = {"CHANNELS": {"webhook": options, "other": {**options, "SECRET": OTHER}}}
    channel(receiver, **{**options, "URL": None}).send(message(), f"{receiver.url}/own")
    [got] = receiver.got
    own = secret_for(3)
    assert own.startswith("whsec_")
    assert verified(got, own) == verified(got, secret_for(3, "other"))  # both sign while one replaces the other
    for secret in (SECRET, OTHER, secret_for(4)):
        with pytest.raises(AssertionError):
            verified(got, secret)


@pytest.mark.django_db
def test_a_persons_secret_is_theirs_by_object_or_key(settings: Any, django_user_model: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"webhook": {"SECRET": SECRET, "ADDRESS": "profile__hook"}, "none": {}}}
    ana = django_user_model.objects.create_user("ana")
    assert secret_for(ana) == secret_for(ana.pk) != secret_for(ana.pk + 1)
    with pytest.raises(ValueError, match="has no 'SECRET'"):
        secret_for(ana, "none")


@pytest.mark.parametrize(("status", "error"), [(410, PermanentError), (422, PermanentError), (503, TemporaryError)])
def test_what_the_receiver_answers_decides(receiver: Receiver, status: int, error: type[Exception]) -> None:
    receiver.replies.append(Reply(status, b"<b>no</b>", {"Retry-After": "30"}))
    with pytest.raises(error, match=f"HTTP {status}\n<b>no</b>") as raised:
        channel(receiver).send(message(), "")
    assert getattr(raised.value, "retry_after", 30.0) == 30.0


def test_a_persons_own_receiver_that_is_down_says_nothing_of_the_others(receiver: Receiver) -> None:
    receiver.replies.extend([Reply(503), Reply(503)])
    site = channel(receiver)
    own = channel(receiver, URL=None, ADDRESS="profile__hook", ALLOW_PRIVATE=True)
    for each, concerns_all in ((site, True), (own, False)):
        with pytest.raises(TemporaryError) as raised:
            each.send(message(), f"{receiver.url}/own")
        assert raised.value.provider == concerns_all


def test_people_cannot_name_an_address_inside_the_sites_network(receiver: Receiver) -> None:
    with pytest.raises(PermanentError, match="inside this site's own network"):
        channel(receiver, URL=None, ADDRESS="profile__hook").send(message(), f"{receiver.url}/admin")
    assert receiver.got == []


@pytest.mark.django_db
def test_everybody_active_has_the_sites_address(receiver: Receiver, django_user_model: Any) -> None:
    ana = django_user_model.objects.create_user("ana")
    away = django_user_model.objects.create_user("away", is_active=False)
    assert channel(receiver).addresses([ana.pk, away.pk], using="default") == {ana.pk: ""}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"SECRET": ""}, "has no 'SECRET'"),
        ({"SECRET": "s3cret-s3cret-s3cret"}, "must begin with 'whsec_'"),
        ({"SECRET": "whsec_!!!"}, "is not base64"),
        ({"SECRET": "whsec_c2hvcnQ="}, "holds 5"),
        ({"SECRET": [SECRET, "x"]}, "must begin with"),
        ({"URL": None}, "either 'URL' or 'ADDRESS'"),
        ({"ADDRESS": "profile__hook"}, "either 'URL' or 'ADDRESS'"),
        ({"URL": None, "ADDRESS": "profile__hook", "HEADERS": {"X-Own": "s3cret"}}, "both 'HEADERS' and 'ADDRESS'"),
        ({"URL": "hooks.example.org"}, "is no http:// or https:// address"),
        ({"URL": "https://user:pw@hooks.example.org/"}, "Credentials go into a header"),
    ],
)
def test_a_check_says_what_is_wrong_and_never_the_secret(options: dict[str, Any], says: str) -> None:
    made = WebhookChannel("hooks", {"SECRET": SECRET, "URL": "https://hooks.example.org/", **options})
    [problem] = made.check()
    assert problem.msg.startswith("NOTIFICATIONS['CHANNELS']['hooks']")
    assert says in problem.msg
    assert problem.hint
    assert "s3cret" not in problem.msg


def test_a_check_is_content_with_what_is_right(receiver: Receiver) -> None:
    assert channel(receiver).check() == []
    assert channel(receiver, SECRET=(SECRET, OTHER)).check() == []
    assert channel(receiver, URL=None, ADDRESS="profile__hook").check() == []
