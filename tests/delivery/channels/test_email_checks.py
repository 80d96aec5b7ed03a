"""What `manage.py check` says of e-mail before any is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import global_settings

from notifications.delivery.channels.email import EmailChannel


def check(**options: Any) -> list[tuple[str, str, str]]:
    found = EmailChannel("email", {"FROM": "news@example.org", **options}).check()
    return [(message.id, message.msg, message.hint or "") for message in found]


def test_nothing_is_wrong() -> None:
    assert check() == []


@pytest.mark.parametrize("sender", ["shop", "news@example.org\nBcc: eve@example.org", "The shop"])
def test_a_sender_that_is_no_address(sender: str) -> None:
    [(number, text, hint)] = check(FROM=sender)
    assert number == "notifications.E020"
    assert repr(sender) in text
    assert "DEFAULT_FROM_EMAIL" in hint


def test_django_s_own_default_sender(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = global_settings.DEFAULT_FROM_EMAIL
    assert [number for number, *_ in check(FROM="")] == ["notifications.W013"]
    settings.DEBUG = True
    assert check(FROM="") == []
    settings.DEBUG, settings.DEFAULT_FROM_EMAIL = False, "news@example.org"
    assert check(FROM="") == []


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("EMAIL_BACKEND", "no.such.Backend", "No module named 'no'"),
        ("EMAIL_USE_SSL", True, "EMAIL_USE_TLS/EMAIL_USE_SSL are mutually exclusive"),
    ],
)
def test_a_backend_that_cannot_be_used(settings: Any, setting: str, value: Any, said: str) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = True
    setattr(settings, setting, value)
    [(number, text, hint)] = check()
    assert number == "notifications.E021"
    assert said in text
    assert "EMAIL_BACKEND" in hint


def test_a_mailer_that_there_is_not() -> None:
    [(number, _text, hint)] = check(MAILER="bulk")
    assert (number, "MAILERS" in hint) == ("notifications.E021", True)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("stock_alert.html", "{% if %}", "stock_alert.html cannot be read"),
        ("stock_alert.txt", "{{ message.body|nonsense }}", "stock_alert.txt cannot be read"),
        ("_digest.html", "{% nonsense %}", "_digest.html cannot be read"),
    ],
)
def test_a_template_that_cannot_be_used(settings: Any, tmp_path: Any, name: str, content: str, said: str) -> None:
    folder = tmp_path / "notifications" / "email"
    folder.mkdir(parents=True)
    (folder / name).write_text(content)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    [(number, text, _hint)] = check()
    assert number == "notifications.E022"
    assert said in text


def test_templates_of_the_app_that_are_not_found(settings: Any) -> None:
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False, "DIRS": []}]
    found = check()
    assert [number for number, *_ in found] == ["notifications.E022"] * 4
    assert all("APP_DIRS" in hint for *_, hint in found)
