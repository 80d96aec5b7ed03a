"""``manage.py notifications_vapid``: what it prints works as it is."""

from __future__ import annotations

import ast
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from notifications.delivery.channels.push import PushChannel


def printed(**options: str) -> str:
    out = StringIO()
    call_command("notifications_vapid", stdout=out, **options)
    return out.getvalue()


def test_the_setting_that_it_prints_is_right() -> None:
    options = ast.literal_eval("{" + printed(contact="https://shop.example.org") + "}")["push"]
    assert options["VAPID_CONTACT"] == "https://shop.example.org"
    assert PushChannel("push", options).check() == []


def test_each_key_is_another() -> None:
    assert printed() != printed()


def test_a_contact_that_is_none() -> None:
    with pytest.raises(CommandError, match="neither mailto"):
        printed(contact="admin@example.org")
