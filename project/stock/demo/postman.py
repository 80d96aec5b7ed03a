"""Delivers what waits for e-mail and the like, inside the demo's process."""

from __future__ import annotations

import threading

from notifications.delivery.worker import Worker
from notifications.inbox.database import write_database


class Postman(threading.Thread):
    """What ``manage.py notifications_worker`` is to a real site."""

    def __init__(self) -> None:
        super().__init__(name="postman", daemon=True)
        self._worker = Worker(concurrency=1, using=write_database())

    def run(self) -> None:
        self._worker.run()

    def stop(self) -> None:
        self._worker.ask_to_stop()
