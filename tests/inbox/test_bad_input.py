"""Every mistake of a caller is one clear error that names the field, and nothing is written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from notifications import send_notification, send_notifications
from notifications.exceptions import InvalidContent, NotificationError, UnknownRecipient, UnknownType
from notifications.inbox.database import parse_user_key
from notifications.models import Batch, BatchChunk, Inbox, Notification

SURROGATE = "half \ud83e of a pair"
CIRCLE: dict[str, Any] = {}
CIRCLE["self"] = CIRCLE
DEEP: dict[str, Any] = {}
for _ in range(100_000):
    DEEP = {"d": DEEP}

BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "empty subject": ({"subject": ""}, "subject", "subject is empty"),
    "blank subject": ({"subject": " \n"}, "subject", "subject is empty"),
    "no subject": ({"subject": None}, "context", "needs 'product'"),
    "subject of bytes": ({"subject": b"x"}, "subject", "must be text; got bytes"),
    "long subject": ({"subject": "x" * 256}, "subject", "256 characters, and 255 is the most"),
    "NUL in subject": ({"subject": "a\0b"}, "subject", "NUL"),
    "half a pair in subject": ({"subject": SURROGATE}, "subject", "surrogate"),
    "no message": ({"message": None}, "message", "must be text; got NoneType"),
    "NUL in message": ({"message": "a\0b"}, "message", "NUL"),
    "half a pair in message": ({"message": SURROGATE}, "message", "surrogate"),
    "long message": ({"message": "x" * 100_001}, "message", "100,000 is the most"),
    "long message and data": ({"message": "x" * 60_000, "data": {"x": "y" * 60_000}}, "message", "together"),
    "long in bytes": ({"message": "€" * 33_334}, "message", "100,0"),
    "unknown priority": ({"priority": "urgent"}, "priority", "not one of low, medium, high, critical"),
    "unknown channel": ({"channels": ["pigeon"]}, "channels", "in_app, websocket, email"),
    "channels of numbers": ({"channels": [7]}, "channels", "must be a list"),
    "no list of channels": ({"channels": 7}, "channels", "must be a list"),
    "data is a list": ({"data": [1]}, "data", "must be a dict; got list"),
    "data is text": ({"data": "x"}, "data", "must be a dict; got str"),
    "data without JSON": ({"data": {"x": object()}}, "data", "cannot be written as JSON"),
    "data with NaN": ({"data": {"x": float("nan")}}, "data", "cannot be written as JSON"),
    "data with infinity": ({"data": {"x": float("inf")}}, "data", "cannot be written as JSON"),
    "data with odd keys": ({"data": {("a", "b"): 1}}, "data", "cannot be written as JSON"),
    "data in a circle": ({"data": CIRCLE}, "data", "cannot be written as JSON"),
    "data too deep": ({"data": DEEP}, "data", "cannot be written as JSON"),
    "NUL in data": ({"data": {"x": ["a\0b"]}}, "data", "NUL"),
    "NUL in a key of data": ({"data": {"a\0b": 1}}, "data", "NUL"),
    "half a pair in data": ({"data": {"x": SURROGATE}}, "data", "surrogate"),
    "script as url": ({"url": "javascript:alert(1)"}, "url", "must begin with '/'"),
    "plain http": ({"url": "http://example.com/"}, "url", "must begin with '/'"),
    "other host without scheme": ({"url": "//example.com/"}, "url", "must begin with '/'"),
    "other host by backslash": ({"url": "/\\example.com/"}, "url", "must begin with '/'"),
    "relative url": ({"url": "products/7"}, "url", "must begin with '/'"),
    "url with a space": ({"url": "/a b"}, "url", "must begin with '/'"),
    "url with a line break": ({"url": "/a\nb"}, "url", "must begin with '/'"),
    "https without host": ({"url": "https:///a"}, "url", "must begin with '/'"),
    "broken IPv6": ({"url": "https://[::1"}, "url", "must begin with '/'"),
    "long url": ({"url": "/" + "x" * 2_000}, "url", "2001 characters"),
    "half a pair in url": ({"url": "/" + SURROGATE.replace(" ", "")}, "url", "surrogate"),
    "actor is text": ({"actor": "ana"}, "actor", "must be a saved model instance"),
    "actor is unsaved": ({"actor": Group(name="x")}, "actor", "must be a saved model instance"),
    "target is unsaved with a key": ({"target": Group(pk=7, name="x")}, "target", "must be a saved model instance"),
    "expiry is a date": ({"expires_at": dt.date(2030, 1, 1)}, "expires_at", "must be a datetime; got date"),
    "expiry is text": ({"expires_at": "tomorrow"}, "expires_at", "must be a datetime; got str"),
    "long dedupe key": ({"dedupe_key": "x" * 201}, "dedupe_key", "201 characters"),
    "NUL in dedupe key": ({"dedupe_key": "a\0b"}, "dedupe_key", "NUL"),
    "empty dedupe key": ({"dedupe_key": ""}, "dedupe_key", "dedupe_key is empty"),
}

MODELS = (Notification, Inbox, Batch, BatchChunk)


def nothing_was_written() -> bool:
    return not any(model.objects.exists() for model in MODELS)


@pytest.fixture
def user(db: None) -> Any:
    return get_user_model().objects.create_user("ana")


@pytest.mark.parametrize("name", BAD)
def test_bad_content_names_its_field_and_writes_nothing(user: Any, name: str) -> None:
    wrong, field, says = BAD[name]
    content = {"notification_type": "stock_alert", "subject": "x", **wrong}
    for send, recipients in ((send_notification, user), (send_notifications, [user])):
        with pytest.raises(InvalidContent) as caught:
            send(recipients, **content)  # type: ignore[operator]
        assert caught.value.field == field
        assert says in str(caught.value)
        assert len(str(caught.value)) < 400
    assert nothing_was_written()


@pytest.mark.parametrize("kind", ["stock_alerts", "STOCK_ALERT", "", None, "x" * 50])
def test_an_unknown_type_writes_nothing(user: Any, kind: Any) -> None:
    with pytest.raises(UnknownType) as caught:
        send_notification(user, kind, "x")
    assert caught.value.code == "unknown_type"
    assert nothing_was_written()


def test_an_unknown_type_names_the_nearest(user: Any) -> None:
    with pytest.raises(UnknownType, match="Did you mean 'stock_alert'"):
        send_notification(user, "stock_alrt", "x")


@pytest.mark.parametrize("recipient", [0, -1, 999_999, "999999"])
def test_an_unknown_user_is_said_so(user: Any, recipient: Any) -> None:
    with pytest.raises(UnknownRecipient, match="There is no user"):
        send_notification(recipient, "stock_alert", "x")
    assert nothing_was_written()


@pytest.mark.parametrize("recipient", ["ana", "", None, True, 1.0, [1], 2**63, "9" * 30, "1" * 5_000, "1\0"])
def test_a_malformed_key_is_said_so(user: Any, recipient: Any) -> None:
    with pytest.raises(UnknownRecipient, match=r"is not a key of auth\.User|There is no user") as caught:
        send_notification(recipient, "stock_alert", "x")
    assert len(str(caught.value)) < 200
    assert nothing_was_written()


@pytest.mark.parametrize("text", ["1_0", " 10", "10\n", "1٠", "１０", "+-1", ""])
def test_one_user_goes_by_one_number(text: str) -> None:
    with pytest.raises(UnknownRecipient, match="is not a key of"):
        parse_user_key(text)
    assert [parse_user_key(key) for key in ("10", "+10", 10)] == [10, 10, 10]


def test_an_unsaved_user_is_said_so(user: Any) -> None:
    with pytest.raises(UnknownRecipient):
        send_notification(get_user_model()(username="new"), "stock_alert", "x")


def test_an_instance_of_another_model_is_no_user(user: Any) -> None:
    group = Group.objects.create(name="x")
    with pytest.raises(UnknownRecipient):
        send_notification(group, "stock_alert", "x")


@pytest.mark.parametrize("recipients", ["12", b"12", Group.objects.all()], ids=["text", "bytes", "other queryset"])
def test_recipients_that_are_no_list_of_users(user: Any, recipients: Any) -> None:
    with pytest.raises(InvalidContent) as caught:
        send_notifications(recipients, "stock_alert", "x")
    assert caught.value.field == "recipients"
    assert nothing_was_written()


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ({"subject": "x" * 255}, "subject"),
        ({"url": "/" + "x" * 1_999}, "url"),
        ({"url": "https://example.com/a?b=c#d"}, "url"),
        ({"url": "/productos/7/?año=1"}, "url"),
        ({"message": "x" * 99_998}, "message"),
        ({"dedupe_key": "x" * 200}, "dedupe_key"),
        ({"data": {"text": "\\u0000"}}, "data"),
    ],
)
def test_what_just_fits_is_kept_whole(user: Any, content: dict[str, Any], kept: str) -> None:
    pk = send_notification(user, "stock_alert", **{"subject": "x", **content})["notification_id"]
    assert getattr(Notification.objects.get(pk=pk), kept) == content[kept]


def test_every_error_of_bad_input_is_a_value_error_with_a_stable_code() -> None:
    assert issubclass(NotificationError, ValueError)
    codes = [UnknownType("x", []).code, UnknownRecipient().code, InvalidContent("f", "m").code]
    assert codes == ["unknown_type", "unknown_user", "invalid"]
