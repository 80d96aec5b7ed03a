"""``python -m benchmarks.storage.worker``"""

from __future__ import annotations

import os

import django

from benchmarks.orders import obey

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    # After the setup: they import models.
    from benchmarks.storage.worker import delivery, many, prepare, reads, single

    obey(
        {
            "people": prepare.people,
            "empty": prepare.empty_inboxes,
            "remove_inboxes": prepare.remove_inboxes,
            "rows": prepare.rows_for_everyone,
            "send_to_many": many.send_to_many,
            "send_to_many_for": many.send_for,
            "prefer": delivery.prefer,
            "prefer_nothing": delivery.prefer_nothing,
            "send_on_channels": delivery.send_on_channels,
            "warm_up": single.warm_up,
            "send_one": single.send_one,
            "send_for": single.send_for,
            "unnumbered": single.unnumbered,
            "send_until_told": single.send_until_told,
            "read": reads.read,
        }
    )
