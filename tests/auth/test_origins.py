"""Cookies count only for pages of the site itself, and of origins that its settings name."""

from __future__ import annotations

import pytest

from notifications.auth.origins import origin_allowed


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "example.com"),  # no browser
        (None, None),
        ("http://example.com", "example.com"),
        ("https://example.com", "example.com"),
        ("http://EXAMPLE.com", "example.com"),
        ("http://example.com", "example.com:80"),
        ("http://example.com:80", "example.com"),
        ("https://example.com", "example.com:443"),
        ("http://localhost:8080", "localhost:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_the_sites_own_pages(origin, host):
    assert origin_allowed(origin, host=host, secure=False)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "example.com"),
        ("", "example.com"),
        ("example.com", "example.com"),
        ("http://evil.com", "example.com"),
        ("http://example.com.evil.com", "example.com"),
        ("http://www.example.com", "example.com"),
        ("http://www.example.com", ".example.com"),
        ("http://example.com:8080", "example.com"),
        ("http://example.com:443", "example.com"),
        ("http://example.com", "example.com:443"),
        ("http://localhost:3000", "localhost:8080"),
        ("http://127.0.0.1:8080", "localhost:8080"),
        ("ftp://example.com", "example.com"),
        ("http://example.com", None),
        ("http://[::1", "[::1"),
        ("http://example.com:x", "example.com"),
        ("http://example.com@evil.com", "example.com"),
    ],
)
def test_pages_of_others(origin, host):
    assert not origin_allowed(origin, host=host, secure=False)


def test_a_plain_page_of_a_site_known_to_be_secure():
    assert origin_allowed("https://example.com", host="example.com", secure=True)
    assert not origin_allowed("http://example.com", host="example.com", secure=True)


def test_csrf_trusted_origins(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example.org", "https://*.example.net", "https://*.a.b:8443"]

    def allowed(origin: str) -> bool:
        return origin_allowed(origin, host="example.com", secure=True)

    assert allowed("https://app.example.org")
    assert allowed("https://app.example.net")
    assert allowed("https://x.a.b:8443")
    assert not allowed("http://app.example.org")
    assert not allowed("https://example.org")
    assert not allowed("https://x.app.example.org")
    assert not allowed("http://app.example.net")
    assert not allowed("https://evilexample.net")
    assert not allowed("https://x.a.b")


def test_allowed_origins_of_our_own_setting(settings):
    settings.CSRF_TRUSTED_ORIGINS = []
    settings.NOTIFICATIONS = {
        "ALLOWED_ORIGINS": ("app.example.org:8443", "Shop.example.org", "*.example.net", "capacitor://localhost")
    }

    def allowed(origin: str) -> bool:
        return origin_allowed(origin, host="example.com", secure=True)

    assert allowed("https://app.example.org:8443")
    assert allowed("https://shop.example.org")
    assert allowed("https://x.example.net")
    assert allowed("capacitor://localhost")
    assert not allowed("https://app.example.org")
    assert not allowed("http://shop.example.org")
    assert not allowed("https://evilexample.net")
    assert not allowed("https://localhost")


def test_a_lone_star_does_not_open_the_site_to_everybody(settings):
    settings.NOTIFICATIONS = {"ALLOWED_ORIGINS": ("*",)}
    assert not origin_allowed("https://evil.com", host="example.com", secure=True)
