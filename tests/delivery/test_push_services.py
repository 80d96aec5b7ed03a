"""Whom a subscription can make the site send to, and what devices are called."""

from __future__ import annotations

import pytest

from notifications.delivery.push_services import device_name, is_push_service

REAL = [
    "https://fcm.googleapis.com/fcm/send/dXyZ0:APA91bH_q-x",
    "https://fcm.googleapis.com/wp/dXyZ0:APA91bH_q-x",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAC%2fx%3d",
    "https://web.push.apple.com/QGuQyavXutnMH",
]
OTHERS = [
    "",
    "https://fcm.googleapis.com",
    "http://fcm.googleapis.com/fcm/send/x",
    "https://fcm.googleapis.com:8443/x",
    "https://fcm.googleapis.com.evil.example/x",
    "https://evil.example/fcm.googleapis.com/x",
    "https://evil.example#.push.apple.com/x",
    "https://evil.example\\.push.apple.com/x",
    "https://user@fcm.googleapis.com/x",
    "https://fcm.googleapis.com@evil.example/x",
    "https://push.apple.com.evil.example/x",
    "https://evilpush.apple.com/x",
    "https://.push.apple.com/x",
    "https://web.push.apple.com/a b",
    "https://web.push.apple.com/x\n",
    "https://web.push.apple.com/x\r\nX-Evil: 1",
    "https://127.0.0.1/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/x",
    "ftp://fcm.googleapis.com/x",
    "//fcm.googleapis.com/x",
]


@pytest.mark.parametrize("endpoint", REAL)
def test_those_of_the_known_browsers(endpoint: str) -> None:
    assert is_push_service(endpoint)


@pytest.mark.parametrize("endpoint", OTHERS)
def test_everything_else(endpoint: str) -> None:
    assert not is_push_service(endpoint)


def test_a_sites_own_are_exactly_what_it_names() -> None:
    more = ["push.example-shop.org", ".example.net", "http://127.0.0.1:9000"]
    for endpoint in (
        "https://push.example-shop.org/x",
        "https://a.example.net/x",
        "https://a.b.example.net/x",
        "http://127.0.0.1:9000/x",
        *REAL,
    ):
        assert is_push_service(endpoint, more)
    for endpoint in (
        "http://push.example-shop.org/x",
        "https://other.example-shop.org/x",
        "https://example.net/x",
        "http://127.0.0.1:90001/x",
        "http://127.0.0.1/x",
        "https://127.0.0.1:9000/x",
        *OTHERS,
    ):
        assert not is_push_service(endpoint, more)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", "Firefox · Linux"),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
         "Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
         "Safari/537.36 Edg/138.0.0.0", "Edge · Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
         "Safari/605.1.15", "Safari · macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
         "Mobile/15E148 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 "
         "Chrome/125.0.0.0 Mobile Safari/537.36", "Samsung Internet · Android"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
         "Safari/537.36", "Chrome · ChromeOS"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_what_a_device_is_called(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
