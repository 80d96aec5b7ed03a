"""The two channels that send nothing anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from notifications.delivery.channels import memory
from notifications.delivery.registry import get_channel
from tests.delivery.channels.conftest import SITE, MakeMessage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _channels(site: Any) -> None:
    site.NOTIFICATIONS = {**site.NOTIFICATIONS, "CHANNELS": {"console": {}, "memory": {}, "email": {}}}


def test_the_console_shows_all_of_it(capsys: Any, make_message: MakeMessage) -> None:
    message = make_message("Coffee is out", "None left.", url="/stock/7/")
    assert get_channel("console").send(message, "") == "Written to the console."
    assert capsys.readouterr().out == (
        f"== console to ana\nCoffee is out\nNone left.\n{SITE}/stock/7/\nUnsubscribe: {message.unsubscribe_url}\n\n"
    )


def test_the_console_leaves_out_what_is_not_there(capsys: Any, site: Any, make_message: MakeMessage) -> None:
    site.NOTIFICATIONS = {"CHANNELS": {"console": {"ADDRESS": "email"}}}
    get_channel("console").send(make_message("Coffee is out"), "ana@example.org")
    assert capsys.readouterr().out == "== console to ana <ana@example.org>\nCoffee is out\n\n"


def test_memory_keeps_what_was_sent_in_order(make_message: MakeMessage) -> None:
    memory.outbox.clear()
    first, second = make_message("First"), make_message("Second")
    assert [get_channel("memory").send(each, "") for each in (first, second)] == ["Kept in memory."] * 2
    assert memory.outbox == [memory.Sent("memory", "", first), memory.Sent("memory", "", second)]
    memory.outbox.clear()


def test_both_reach_everybody_who_is_active(ana: Any, django_user_model: Any) -> None:
    gone = django_user_model.objects.create_user("gone", is_active=False)
    for name in ("console", "memory"):
        assert get_channel(name).addresses([ana.pk, gone.pk], using="default") == {ana.pk: ""}
    assert get_channel("email").addresses([ana.pk, gone.pk], using="default") == {ana.pk: "ana@example.org"}
