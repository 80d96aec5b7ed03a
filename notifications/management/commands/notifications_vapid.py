"""The key pair that push services know a site by."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.delivery import vapid

SETTING = """\
# In NOTIFICATIONS["CHANNELS"] of the settings. Keep the key secret, and keep it: browsers that have subscribed with it
# hear nothing that is signed with another one.
"push": {{
    "VAPID_PRIVATE_KEY": {key!r},
    "VAPID_CONTACT": {contact!r},
}},
"""


class Command(BaseCommand):
    help = "Make the key that the delivery channel 'push' needs, and print the setting. Nothing is stored."
    requires_system_checks: Any = []  # one of them asks for what this makes

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--contact",
            default="mailto:admin@example.org",
            help="whom push services may write to: mailto:…, or https:// and a host (default: %(default)s)",
        )

    def handle(self, *, contact: str, **_: Any) -> None:
        if not vapid.is_installed():
            raise CommandError(f"This needs pywebpush. {vapid.MISSING}")
        key = vapid.new_key()
        try:
            vapid.authorization(key, endpoint="https://push.example.org/", contact=contact)
        except ValueError:
            raise CommandError(f"--contact {contact!r} is neither mailto:… nor https:// and a host.") from None
        self.stdout.write(SETTING.format(key=key, contact=contact))
