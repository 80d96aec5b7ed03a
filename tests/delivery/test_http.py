"""One POST: who is asked, how long, and what an answer means. Against a real server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest
import time_machine

from notifications.delivery.errors import PermanentError, TemporaryError
from notifications.delivery.hosts import is_public, parse_url
from notifications.delivery.http import Answer, Http, refuse
from tests.receiver import Receiver, Reply
from tests.servers import free_port


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def http() -> Iterator[Http]:
    made = Http(timeout=5, private=True, provider=True)
    yield made
    made.close()


def test_what_is_sent_arrives_and_the_answer_comes_back(http: Http, receiver: Receiver) -> None:
    receiver.replies.append(Reply(202, b"thanks\n"))
    answer = http.post(f"{receiver.url}/hook?to=caf\u00e9", b"body", {"X-Own": "1"})
    [got] = receiver.got
    assert (got.path, got.body, got.headers["X-Own"]) == ("/hook?to=caf%C3%A9", b"body", "1")
    assert (answer.status, answer.good, str(answer)) == (202, True, "HTTP 202\nthanks")


def test_a_connection_serves_several_requests_until_it_is_closed(http: Http, receiver: Receiver) -> None:
    for _ in range(3):
        http.post(receiver.url, b"", {})
    http.close()
    http.post(receiver.url, b"", {})
    first, second, third, last = (got.connection for got in receiver.got)
    assert first == second == third != last


def test_a_connection_that_was_closed_meanwhile_is_made_anew(http: Http, receiver: Receiver) -> None:
    http.post(receiver.url, b"one", {})
    receiver.hang_up()
    assert http.post(receiver.url, b"two", {}).good
    assert [got.body for got in receiver.got] == [b"one", b"two"]


def test_long_answers_are_cut_and_their_connection_is_not_used_again(http: Http, receiver: Receiver) -> None:
    receiver.replies.append(Reply(200, b"x" * 100_000))
    assert len(http.post(receiver.url, b"", {}).text) == 2_000
    assert http.post(receiver.url, b"", {}).text == "ok"
    assert receiver.got[0].connection != receiver.got[1].connection


def test_an_answer_holds_nothing_that_a_database_refuses(http: Http, receiver: Receiver) -> None:
    receiver.replies.append(Reply(200, b"o\0k \xff"))
    assert http.post(receiver.url, b"", {}).text == "ok \ufffd"


def test_redirects_are_not_followed(http: Http, receiver: Receiver) -> None:
    receiver.replies.append(Reply(307, b"", {"Location": f"{receiver.url}/elsewhere"}))
    answer = http.post(f"{receiver.url}/here", b"", {})
    with pytest.raises(TemporaryError, match="not followed"):
        refuse(answer, provider=True)
    assert [got.path for got in receiver.got] == ["/here"]


@pytest.mark.parametrize("provider", [True, False])
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_these_may_work_later(status: int, provider: bool) -> None:
    with pytest.raises(TemporaryError) as raised:
        refuse(Answer(status, "", 7.0), provider=provider)
    assert (raised.value.retry_after, raised.value.provider) == (7.0, provider)


@pytest.mark.parametrize("status", [301, 303, 308, 400, 401, 403, 404, 409, 410, 413, 422])
def test_these_never_will(status: int) -> None:
    with pytest.raises(PermanentError, match=f"HTTP {status}"):
        refuse(Answer(status, ""), provider=False)


@pytest.mark.parametrize("status", [301, 308, 401, 403, 404, 405])
def test_what_is_wrong_with_the_sites_own_address_is_put_right_by_somebody(status: int) -> None:
    with pytest.raises(TemporaryError) as raised:
        refuse(Answer(status, ""), provider=True)
    assert raised.value.provider


@pytest.mark.parametrize("status", [400, 409, 410, 413, 422])
def test_what_is_wrong_with_a_message_stays_so(status: int) -> None:
    with pytest.raises(PermanentError, match=f"HTTP {status}"):
        refuse(Answer(status, ""), provider=True)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_these_are_good(status: int) -> None:
    refuse(Answer(status, ""), provider=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Thu, 12 Mar 2026 12:01:30 GMT", 90.0),
        ("Thu, 12 Mar 2026 11:00:00 GMT", 0.0),
        ("99999999999999999999", 604_800.0),
        ("soon", None),
        ("-5", None),
        ("\u0663", None),
        (None, None),
    ],
)
@time_machine.travel(datetime(2026, 3, 12, 12, 0, tzinfo=UTC), tick=False)
def test_how_long_to_wait(receiver: Receiver, text: str | None, seconds: float | None) -> None:
    headers = {} if text is None else {"Retry-After": text.encode().decode("latin-1")}
    receiver.replies.append(Reply(503, b"", headers))
    assert Http(timeout=5, private=True, provider=True).post(receiver.url, b"", {}).retry_after == seconds


def test_an_answer_that_trickles_is_not_waited_for(receiver: Receiver) -> None:
    """Each byte would begin a socket's own time-out anew."""

    def trickle(handler: Any) -> None:
        while not receiver.ended.wait(0.05):
            handler.wfile.write(b"H")
            handler.wfile.flush()

    receiver.behave = trickle
    began = monotonic()
    with pytest.raises(TemporaryError, match=r"not there within 0\.4 s"):
        Http(timeout=0.4, private=True, provider=True).post(receiver.url, b"", {})
    assert monotonic() - began < 5


def test_silence_on_a_kept_connection_is_not_taken_for_a_closed_one(receiver: Receiver) -> None:
    http = Http(timeout=0.4, private=True, provider=True)
    http.post(receiver.url, b"one", {})
    receiver.behave = lambda _: receiver.ended.wait()
    with pytest.raises(TemporaryError, match="not there within"):
        http.post(receiver.url, b"two", {})
    assert [got.body for got in receiver.got] == [b"one", b"two"]


@pytest.mark.parametrize("provider", [True, False])
def test_nobody_there(provider: bool) -> None:
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1 did not answer: .*refused") as raised:
        Http(timeout=5, private=True, provider=provider).post(f"http://127.0.0.1:{free_port()}/", b"", {})
    assert raised.value.provider == provider


def test_a_certificate_that_nobody_vouches_for(http: Http, receiver: Receiver) -> None:
    """It speaks no TLS at all; that is as bad."""
    with pytest.raises(TemporaryError, match="did not answer"):
        http.post(receiver.url.replace("http:", "https:"), b"secret", {})
    assert receiver.got == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.org/",
        "file:///etc/passwd",
        "//example.org/",
        "https://",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://user:secret@example.org/",
        "https://example.org/a b",
        "https://example.org/\r\nX-Evil: 1",
        "https://[::1/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(PermanentError):
        parse_url(url)


@pytest.mark.parametrize("host", ["a..b", f"{'x' * 70}.example"])
def test_what_is_no_host(http: Http, host: str) -> None:
    with pytest.raises((PermanentError, TemporaryError)):
        http.post(f"http://{host}/", b"", {})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "127.1", "0x7f.0.0.1", "[::ffff:127.0.0.1]"])
def test_an_address_that_a_person_chose_leads_not_into_the_sites_network(receiver: Receiver, host: str) -> None:
    port = receiver.server_address[1]
    with pytest.raises(PermanentError, match="a person chose it") as raised:
        Http(timeout=5, private=False, provider=False).post(f"http://{host}:{port}/", b"", {})
    assert receiver.got == []
    if host == "localhost":  # what the name leads to is nobody's business
        assert "127.0.0.1" not in str(raised.value)
        assert "::1" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
     "2002:7f00:1::", "2001:db8::1", "3fff::1", "fec0::1", "5f00::1", "64:ff9b:1::a00:1", "::ffff:0:a00:1",
     "::ffff:0:101:101", "::101:101", "100::1", "4000::1", "192.0.0.9", "192.0.0.170", "::ffff:192.0.0.9"],
)  # fmt: skip
def test_addresses_inside(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.216.34",
        "192.0.1.1",
        "2606:4700::1111",
        "64:ff9b::101:101",
        "::ffff:1.1.1.1",
        "2002:101:101::",
    ],
)
def test_addresses_outside(address: str) -> None:
    assert is_public(address)


def test_the_very_address_that_was_looked_at_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads outside the first time and inside the second: it is looked up once."""
    asked: list[Any] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = "192.0.2.1" if len(asked) > 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Receiver() as receiver:
        http = Http(timeout=5, private=True, provider=False)
        http.post(f"http://rebinding.example:{receiver.server_address[1]}/", b"", {})
        assert [got.headers["Host"] for got in receiver.got] == [f"rebinding.example:{receiver.server_address[1]}"]
        http.close()
    assert asked == ["rebinding.example"]


def resolves_to(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """Somebody whose queue of callers is full: a connection to it is not made, and not refused."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.2", 0))
        listening.listen(0)
        address = listening.getsockname()
        for caller in (first, second):
            caller.setblocking(False)
            caller.connect_ex(address)
        yield address


def test_many_addresses_that_do_not_answer_take_no_longer_than_one(
    monkeypatch: pytest.MonkeyPatch, silent: tuple[str, int]
) -> None:
    host, port = silent
    resolves_to(monkeypatch, [host] * 20)
    began = monotonic()
    with pytest.raises(TemporaryError, match="did not answer"):
        Http(timeout=0.6, private=True, provider=False).post(f"http://many.example:{port}/", b"", {})
    assert monotonic() - began < 2


def test_who_answers_at_the_second_address_is_reached(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    resolves_to(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    port = receiver.server_address[1]
    assert Http(timeout=5, private=True, provider=False).post(f"http://two.example:{port}/", b"", {}).good


def test_no_more_than_three_are_tried(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    resolves_to(monkeypatch, ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"])
    with pytest.raises(TemporaryError, match="refused"):
        Http(timeout=5, private=True, provider=False).post(f"http://x.example:{receiver.server_address[1]}/", b"", {})


def test_what_it_took_to_connect_is_missing_for_the_answer(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, silent: tuple[str, int]
) -> None:
    """The first address takes half of the time; then the second one says nothing."""
    port = receiver.server_address[1]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (silent, ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    receiver.behave = lambda _: receiver.ended.wait()
    began = monotonic()
    with pytest.raises(TemporaryError, match=r"not there within 2 s"):
        Http(timeout=2, private=True, provider=False).post(f"http://two.example:{port}/", b"", {})
    assert 1.9 < monotonic() - began < 2.9
    assert len(receiver.got) == 1
