"""The tables of options in the documentation name all there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from notifications.delivery.base import Channel
from notifications.delivery.channels.apprise import AppriseChannel
from notifications.delivery.channels.push import PushChannel
from notifications.delivery.channels.webhook import WebhookChannel

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "channels"


@pytest.mark.parametrize(
    ("page", "channel"), [("sms.md", AppriseChannel), ("push.md", PushChannel), ("webhook.md", WebhookChannel)]
)
def test_every_option_has_its_line(page: str, channel: type[Channel]) -> None:
    table = re.search(r"^\| option .*\n\|.*\n((?:\|.*\n)+)", (FOLDER / page).read_text(), re.MULTILINE)
    named = [re.match(r"\| `(\w+)`", line)[1] for line in table[1].splitlines()]
    assert sorted(named) == sorted([*channel.required_options, *channel.optional])
