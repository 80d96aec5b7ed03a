"""What the demonstration site says of an environment that is not complete."""

from __future__ import annotations

import os
import subprocess
import sys

from notifications.delivery import vapid
from tests.servers import ROOT


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: settings are read once."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("VAPID_")}
    command = [
        sys.executable,
        "-c",
        "from project.settings import NOTIFICATIONS; print(sorted(NOTIFICATIONS['CHANNELS']))",
    ]
    return subprocess.run(command, cwd=ROOT, env={**rest, **environment}, capture_output=True, text=True, check=False)


def test_a_key_without_a_contact_says_what_to_set() -> None:
    key = vapid.new_key()
    found = start(VAPID_PRIVATE_KEY=key)
    assert found.returncode == 1
    said = found.stderr.strip().splitlines()[-1]
    assert said.startswith("django.core.exceptions.ImproperlyConfigured: VAPID_PRIVATE_KEY is set, and VAPID_CONTACT")
    assert "mailto:you@example.org" in said
    assert key not in found.stderr


def test_with_both_there_is_push_and_with_neither_there_is_none() -> None:
    assert start().stdout.strip() == "['email']"
    both = start(VAPID_PRIVATE_KEY=vapid.new_key(), VAPID_CONTACT="mailto:you@example.org")
    assert both.stdout.strip() == "['email', 'push']"
