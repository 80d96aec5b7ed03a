"""`manage.py check` of the delivery channels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils.functional import lazy
from django.utils.translation import get_language

from notifications import checks as app_checks
from notifications import register, types
from notifications.delivery import checks
from notifications.delivery.base import Channel, Message
from notifications.types import Collapse
from tests.servers import ROOT

SITE = "https://shop.example.org"
MINE = "tests.delivery.test_checks.Pager"


class Pager(Channel):
    label = "Pager"
    required_options = ("TOKEN",)
    optional = {"SOUND": "beep"}

    def send(self, message: Message, address: Any) -> str:
        return ""


class Postcard(Channel):
    default_address = "street"  # no field of the user

    def send(self, message: Message, address: Any) -> str:
        return ""


@pytest.fixture(autouse=True)
def _own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "_registry", {})


def configure(settings: Any, **channels: Any) -> list[tuple[str, str, str]]:
    settings.NOTIFICATIONS = {"SITE_URL": SITE, "CHANNELS": channels}
    return said(checks.check_channels())


def said(messages: list[Any]) -> list[tuple[str, str, str]]:
    return [(message.id, message.msg, message.hint or "") for message in messages]


def test_nothing_is_said_of_what_is_right(settings: Any) -> None:
    assert configure(settings) == []
    pager = {"BACKEND": MINE, "TOKEN": "t", "SOUND": "", "ADDRESS": "username", "RATE": "5/s", "USER_RATE": "20/h"}
    assert configure(settings, console={}, memory={"TIMEOUT": 3}, pager=pager) == []
    assert said(checks.check_site() + checks.check_types() + checks.check_encryption()) == []
    assert app_checks.check_settings() == []


def test_they_are_run_by_the_command() -> None:
    """In a process of its own: here the import above has registered them already."""
    asked = {"TEST_NOTIFICATIONS": json.dumps({"SITE_URL": SITE, "CHANNELS": {"emial": {}}})}
    command = [sys.executable, "manage.py", "check", "--settings=tests.settings"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **asked}, capture_output=True, text=True)
    assert done.returncode == 1
    assert "(notifications.E013) NOTIFICATIONS['CHANNELS']['emial'] needs a BACKEND" in done.stderr
    assert "HINT: Did you mean 'email'?" in done.stderr


@pytest.mark.parametrize("channels", [["email"], "email", 3])
def test_channels_are_a_dict(settings: Any, channels: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": channels}
    assert [number for number, *_ in said(checks.check_channels())] == ["notifications.E010"]


@pytest.mark.parametrize("name", ["in_app", "websocket", "", "E-Mail", "a:b", "x" * 51, 3])
def test_a_name_that_cannot_be_used(settings: Any, name: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {name: {"BACKEND": MINE, "TOKEN": "t"}}}
    assert [number for number, *_ in said(checks.check_channels())] == ["notifications.E010"]


def test_options_are_a_dict(settings: Any) -> None:
    [(number, text, _hint)] = configure(settings, memory=True)
    assert (number, "'memory'" in text) == ("notifications.E010", True)


def test_a_backend_that_is_missing_names_the_nearest(settings: Any) -> None:
    [(number, text, hint)] = configure(settings, emial={})
    assert number == "notifications.E013"
    assert "NOTIFICATIONS['CHANNELS']['emial'] needs a BACKEND" in text
    assert hint == "Did you mean 'email'? Its BACKEND need not be named."


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        ("no.such.Channel", "cannot be imported"),
        ("notifications.delivery.base.NoChannel", "cannot be imported"),
        ("notifications.delivery.base.Message", "is not a subclass of"),
    ],
)
def test_a_backend_that_is_none(settings: Any, backend: str, text: str) -> None:
    [(number, found, _hint)] = configure(settings, pager={"BACKEND": backend})
    assert number == "notifications.E013"
    assert text in found


@pytest.mark.parametrize("options", [{}, {"TOKEN": ""}, {"TOKEN": None}])
def test_an_option_that_is_missing(settings: Any, options: dict[str, Any]) -> None:
    [(number, text, hint)] = configure(settings, pager={"BACKEND": MINE, **options})
    assert number == "notifications.E011"
    assert text == "NOTIFICATIONS['CHANNELS']['pager'] has no 'TOKEN'."
    assert hint == "Pager needs TOKEN. Set it, or remove the entry."


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("SUOND", "Did you mean 'SOUND'?"),
        ("user_rate", "Did you mean 'USER_RATE'?"),
        ("Q", "Known: ADDRESS, BACKEND, RATE, SOUND, TIMEOUT, TOKEN, USER_RATE."),
    ],
)
def test_an_option_that_is_unknown(settings: Any, option: str, hint: str) -> None:
    found = configure(settings, pager={"BACKEND": MINE, "TOKEN": "t", option: 1})
    assert found == [
        ("notifications.E012", f"NOTIFICATIONS['CHANNELS']['pager'] has an unknown option {option!r}.", hint)
    ]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("RATE", "fast"),
        ("RATE", "0/s"),
        ("RATE", 5),
        ("USER_RATE", "20 per hour"),
        ("TIMEOUT", 0),
        ("TIMEOUT", "3"),
        ("TIMEOUT", True),
    ],
)
def test_a_rate_or_time_out_that_is_none(settings: Any, option: str, value: Any) -> None:
    [(number, text, _hint)] = configure(settings, memory={option: value})
    assert number == "notifications.E014"
    assert option in text
    assert repr(value) in text


@pytest.mark.parametrize("lookup", ["phone", "groups__phone", "password__x"])
def test_an_address_that_leads_nowhere(settings: Any, lookup: str) -> None:
    [(number, text, _hint)] = configure(settings, memory={"ADDRESS": lookup})
    assert number == "notifications.E015"
    assert f"NOTIFICATIONS['CHANNELS']['memory']['ADDRESS'] is '{lookup}'" in text


def test_an_address_that_the_class_itself_has_wrong(settings: Any) -> None:
    [(number, text, _hint)] = configure(settings, card={"BACKEND": "tests.delivery.test_checks.Postcard"})
    assert (number, "'street'" in text) == ("notifications.E015", True)


def test_the_channel_s_own_check_is_asked(settings: Any) -> None:
    assert [number for number, *_ in configure(settings, email={"FROM": "nobody"})] == ["notifications.E020"]


def test_a_site_without_an_address(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": {"memory": {}}}
    [(number, _text, hint)] = said(checks.check_site())
    assert (number, "https://www.example.org" in hint) == ("notifications.W010", True)
    settings.NOTIFICATIONS = {}
    assert checks.check_site() == []


@pytest.mark.parametrize(
    "url",
    [
        "shop.example.org",
        "ftp://shop.example.org",
        "https://",
        "https://shop.example.org/shop",
        "https://shop.example.org/?a=b",
        "https://shop.example.org/#a",
        "https://shop .example.org",
        "https://[::1",
    ],
)
def test_an_address_of_the_site_that_is_none(settings: Any, url: str) -> None:
    settings.NOTIFICATIONS = {"SITE_URL": url}
    assert [number for number, *_ in said(checks.check_site())] == ["notifications.E016"]


@pytest.mark.parametrize("url", [SITE, f"{SITE}/", "http://localhost:8080"])
def test_an_address_of_the_site(settings: Any, url: str) -> None:
    settings.NOTIFICATIONS = {"SITE_URL": url}
    assert checks.check_site() == []


def test_a_public_site_without_encryption(settings: Any) -> None:
    settings.NOTIFICATIONS = {"SITE_URL": "http://shop.example.org"}
    assert [number for number, *_ in said(checks.check_encryption())] == ["notifications.W012"]


def test_a_language_that_leads_nowhere(settings: Any) -> None:
    settings.NOTIFICATIONS = {"USER_LANGUAGE": "profile__language"}
    [(number, text, _hint)] = said(checks.check_site())
    assert (number, "USER_LANGUAGE" in text) == ("notifications.E015", True)


@pytest.mark.parametrize(
    ("attribute", "value", "expected", "cure"),
    [
        ("channels", ("in_app", "emial"), "notifications.W011", "Did you mean 'email'?"),
        ("required", ("sms",), "notifications.E018", "Add it, or take it out of the type's required."),
        (
            "escalate",
            {"sms": timedelta(minutes=1)},
            "notifications.W011",
            "Add it, or take it out of the type's escalate.",
        ),
    ],
)
def test_a_type_that_wants_a_channel_that_is_not_there(
    settings: Any, attribute: str, value: Any, expected: str, cure: str
) -> None:
    configure(settings, email={})
    register("alarm", "Alarm", **{attribute: value})
    [(number, text, hint)] = said(checks.check_types())
    assert number == expected
    assert "'alarm'" in text
    assert hint == (
        "Did you mean 'email'?" if attribute == "channels" else f"Add it, or take it out of the type's {attribute}."
    )
    configure(settings, email={}, sms={})
    if attribute != "channels":
        assert checks.check_types() == []


@pytest.mark.parametrize("attribute", ["subject", "message", "url", "collapse"])
def test_a_template_that_cannot_be_read(attribute: str) -> None:
    register("alarm", "Alarm", **{attribute: Collapse("{% if %}") if attribute == "collapse" else "{% if %}"})
    found = said(checks.check_types())
    assert {number for number, *_ in found} == {"notifications.E017"}
    assert all(f"The {attribute} of notification type 'alarm'" in text for _number, text, _hint in found)


def test_a_template_that_a_translator_has_broken() -> None:
    texts = {"en": "{% if all %}All gone{% endif %}", "es": "{% if all %}Se ha agotado{% fin %}"}
    register("alarm", "Alarm", subject=lazy(lambda: texts[get_language()], str)())
    [(number, text, _hint)] = said(checks.check_types())
    assert number == "notifications.E017"
    assert "(language es)" in text
