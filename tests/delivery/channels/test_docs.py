"""What the documentation says of the channels is so."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from notifications.delivery.base import Message
from notifications.delivery.channels.email import EmailChannel
from notifications.delivery.checks import COMMON

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "channels"


def first_cells(page: str, heading: str) -> list[str]:
    """The names in the first column of the table after ``heading``."""
    rest = (FOLDER / page).read_text().partition(heading)[2]
    table = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    rows = table[0].splitlines()[2:]
    return re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in rows))


@pytest.mark.parametrize(
    ("page", "heading", "names"),
    [
        ("index.md", "## Options that every channel takes", COMMON),
        ("email.md", "# E-mail", EmailChannel.optional),
        ("your-own.md", "## The message", [field.name for field in fields(Message)]),
    ],
)
def test_tables_name_all_there_is(page: str, heading: str, names: list[str]) -> None:
    assert sorted(first_cells(page, heading)) == sorted(names)


def test_links_lead_to_pages_and_headings() -> None:
    """Those that lead out of the folder are checked with the page that they lead to."""
    broken = []
    for path in FOLDER.glob("*.md"):
        for target in re.findall(r"\]\(([\w-]+\.md)?(#[\w-]+)?\)", path.read_text()):
            page = FOLDER / (target[0] or path.name)
            headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE) if page.exists() else []
            anchors = {f"#{re.sub(r'[^a-z0-9 -]', '', heading.lower()).replace(' ', '-')}" for heading in headings}
            if not page.exists() or (target[1] and target[1] not in anchors):
                broken.append((path.name, *target))
    assert broken == []
