"""The user guide calls the sections of the preferences page what the page calls them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import polib
import pytest
from django.test import Client

from tests.push_service import CHANNEL

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
SECTION = re.compile(r'<fieldset(?! class="notifications-choices")[^>]*>\s*<legend>([^<]+)</legend>')


@pytest.fixture
def legends(browser: Client, settings: Any) -> list[str]:
    """Of all sections, in their order, on a site that has every one."""
    settings.NOTIFICATIONS = {"CHANNELS": {"push": CHANNEL}}
    html = browser.get("/notifications/preferences/").content.decode()
    return [unescape(text).strip() for text in SECTION.findall(html)]


def sections(guide: str) -> list[str]:
    return re.findall(r"^\*\*([^*]+)\.\*\*", (ROOT / "docs" / guide).read_text(), re.MULTILINE)


def test_in_english(legends: list[str]) -> None:
    assert "Delete everything" in legends
    assert sections("user-guide.md") == legends


def test_in_spanish(legends: list[str]) -> None:
    catalogue = polib.pofile(str(ROOT / "notifications/locale/es/LC_MESSAGES/django.po"))
    spanish = {entry.msgid: entry.msgstr for entry in catalogue}
    assert sections("es/user-guide.md") == [spanish[each] for each in legends]
