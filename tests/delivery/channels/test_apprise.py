"""Through Apprise's own plugins, to a real HTTP receiver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from notifications.delivery.channels.apprise import AppriseChannel
from notifications.delivery.errors import PermanentError, TemporaryError
from tests.delivery.messages import message
from tests.receiver import Receiver, Reply
from tests.servers import free_port

TWILIO = f"twilio://AC{'0' * 32}:{'1' * 32}@15557654321/{{address}}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def channel(url: str, **options: Any) -> AppriseChannel:
    return AppriseChannel("sms", {"URL": url, "ADDRESS": "profile__phone", **options})


def local(receiver: Receiver) -> str:
    return receiver.url.replace("http:", "json:") + "/sms/{address}"


def test_the_person_gets_text_and_address(receiver: Receiver) -> None:
    assert channel(local(receiver)).send(message(body="<b>3</b> left & more"), "+34 600 111 222") == "JSON: sent"
    [got] = receiver.got
    assert got.path == "/sms/+34%20600%20111%20222"
    told = json.loads(got.body)
    assert told["title"] == "Sold out"
    assert told["message"] == "<b>3</b> left & more\nhttps://shop.example.org/stock/7/"


def test_an_address_is_no_more_than_an_address(receiver: Receiver) -> None:
    """What somebody entered as their number does not choose a host, a header or another option of Apprise's."""
    channel(local(receiver)).send(message(), "1..admin?+X-Evil=1&method=DELETE#@example.org")
    [got] = receiver.got
    assert got.path.startswith("/sms/1..admin%3F")
    assert "X-Evil" not in got.headers


def test_the_parts_of_a_long_message_go_out_at_once(receiver: Receiver) -> None:
    """Apprise would wait more than five seconds before the second; RATE paces all workers together."""
    began = monotonic()
    url = receiver.url.replace("http:", "ntfy:") + "/{address}?overflow=split"
    channel(url).send(message(body="word " * 2_000), "topic")
    assert len(receiver.got) == 2
    assert monotonic() - began < 5


def test_without_a_body_the_subject_is_said(receiver: Receiver) -> None:
    channel(local(receiver)).send(message(body="", url=""), "1")
    assert json.loads(receiver.got[0].body)["message"] == "Sold out"


@pytest.mark.parametrize(
    ("status", "concerns_all"), [(500, True), (503, True), (400, False), (404, False), (429, True)]
)
def test_it_is_tried_again_and_whoever_fails_says_why(receiver: Receiver, status: int, concerns_all: bool) -> None:
    receiver.replies.append(Reply(status))
    with pytest.raises(TemporaryError, match=f"error={status}") as raised:
        channel(local(receiver)).send(message(), "1")
    assert raised.value.provider == concerns_all


def test_nobody_there() -> None:
    with pytest.raises(TemporaryError, match=r"(?i)connection error") as raised:
        channel(f"json://127.0.0.1:{free_port()}/{{address}}").send(message(), "1")
    assert raised.value.provider


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.replies.append(Reply(307, b"", {"Location": f"{receiver.url}/elsewhere"}))
    with pytest.raises(TemporaryError):
        channel(local(receiver)).send(message(), "1")
    assert [got.path for got in receiver.got] == ["/sms/1"]


@pytest.mark.parametrize("between", [",", ", ", ";", "/", "\\", "\n", "\r\n", "\t", " +", "  +", "%2C", "%252C"])
def test_one_address_is_never_several(receiver: Receiver, between: str) -> None:
    """A person is billed, and told, once: whatever they have entered as their number."""
    with pytest.raises(PermanentError, match="several addresses"):
        channel(local(receiver)).send(message(), f"+15551230001{between}15551230002")
    assert receiver.got == []


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (TWILIO, "15551230001+15551230002"),
        ("mailto://ana:secret@example.org?to={address}", "luis@example.org eva@example.org"),
    ],
)
def test_what_the_service_takes_for_several_is_none(url: str, address: str) -> None:
    with pytest.raises(PermanentError, match="takes this address for several"):
        channel(url).send(message(), address)


def test_a_url_of_the_sites_own_may_name_several(receiver: Receiver) -> None:
    """Without a person's own address in it, it is nobody else's choice."""
    url = receiver.url.replace("http:", "ntfy:") + "/one/two"
    assert channel(url).send(message(), "a/b") == "ntfy: sent"
    assert len(receiver.got) == 2


@pytest.mark.parametrize("address", ["+1 (555) 123-0001", "+34 600 111 222", "@ana", "!room:example.org", "-100123"])
def test_how_people_write_one(receiver: Receiver, address: str) -> None:
    channel(local(receiver)).send(message(), address)
    assert len(receiver.got) == 1


def test_an_address_that_is_none_reaches_nobody() -> None:
    """Twilio's plugin would send it to the sender's own number."""
    with pytest.raises(PermanentError, match="does not take this address"):
        channel(TWILIO).send(message(), "no number")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"URL": "carrier-pigeon://{address}"}, "no address that Apprise knows"),
        ({"URL": "nonsense {address}"}, "no address that Apprise knows"),
        ({"URL": "twilio://{address}"}, "no address that Apprise knows"),
        ({"URL": TWILIO, "ADDRESS": None}, "has no 'ADDRESS'"),
        ({"URL": "json://127.0.0.1/all"}, "has no {address}"),
        ({"URL": f"{TWILIO}/15557654322"}, "names others beside {address}"),
    ],
)
def test_a_check_says_what_is_wrong(options: dict[str, Any], says: str) -> None:
    [problem] = channel(**{"url": options.pop("URL"), **options}).check()
    assert problem.msg.startswith("NOTIFICATIONS['CHANNELS']['sms']")
    assert says in problem.msg
    assert problem.hint


@pytest.mark.parametrize(
    "url", [TWILIO, "tgram://123456789:abcdefghijklmnopqrstuvwxyz/{address}", "json://127.0.0.1/{address}"]
)
def test_a_check_is_content_with_what_is_right(url: str) -> None:
    assert channel(url).check() == []


def test_a_check_says_how_to_get_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.delivery.channels.apprise.find_spec", lambda _: None)
    [problem] = channel(TWILIO).check()
    assert "django-live-notifications[apprise]" in str(problem.hint)
