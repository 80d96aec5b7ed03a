"""The process that sends what waits in the outbox."""

from __future__ import annotations

import os
import signal
import threading
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from notifications.delivery.registry import channel_names
from notifications.delivery.stop import Stop
from notifications.delivery.worker import Worker, clean_up, drain, keep_house
from notifications.inbox.database import write_database

THREADS = 4
STALE_SECONDS = 60.0


class Command(BaseCommand):
    help = (
        "Send what waits in the outbox by the site's delivery channels, until asked to stop (SIGTERM, SIGINT). "
        "Any number of these may run, on any number of machines. It also does what server processes do now and then: "
        "numbers, sends what was scheduled, and expires."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, and exit")
        parser.add_argument(
            "--concurrency",
            type=_positive,
            metavar="N",
            help=f"how many threads send at the same time (default: {THREADS}; on SQLite 1)",
        )
        parser.add_argument("--channels", metavar="A,B", help="only these delivery channels (default: all)")
        parser.add_argument(
            "--health-file", type=Path, metavar="PATH", help="touch this file about every second while all is well"
        )
        parser.add_argument(
            "--check-health",
            type=Path,
            metavar="PATH",
            help=f"only look whether a worker has touched this file in the last {STALE_SECONDS:.0f} s: "
            "exit code 0 if so, otherwise 1",
        )

    def handle(
        self,
        *,
        once: bool,
        concurrency: int | None,
        channels: str | None,
        health_file: Path | None,
        check_health: Path | None,
        **_: Any,
    ) -> None:
        if check_health is not None:
            self.stdout.write(_look_at(check_health))
            return
        using = write_database()
        names = _chosen(channels)
        concurrency = concurrency or (1 if connections[using].vendor == "sqlite" else THREADS)
        if once and concurrency == 1:
            # In this thread, so that a host's test sees what it wrote in its own transaction.
            stop = Stop()
            with _Signals(stop.set):
                keep_house(stop=stop, using=using)
                clean_up(using=using)
                drain(names, stop=stop, using=using)
            return
        worker = Worker(names=names, concurrency=concurrency, health_file=health_file, using=using)
        with _Signals(worker.ask_to_stop):
            worker.run(once=once)


class _Signals:
    """While this lasts, SIGTERM and SIGINT ask to stop. A second one ends the process as ever."""

    def __init__(self, ask_to_stop: Callable[[], None]) -> None:
        self._ask_to_stop = ask_to_stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # signals are no business of another
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._put_back()
        self._ask_to_stop()

    def _put_back(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def __exit__(self, *_: object) -> None:
        self._put_back()


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0.")
    return int(text)


def _chosen(text: str | None) -> list[str] | None:
    known = channel_names()
    names = known if text is None else [name.strip() for name in text.split(",") if name.strip()]
    if unknown := sorted(set(names) - set(known)):
        raise CommandError(
            f"NOTIFICATIONS['CHANNELS'] has no {', '.join(map(repr, unknown))}. It has: {', '.join(known) or 'none'}."
        )
    return None if text is None else names


def _look_at(path: Path) -> str:
    try:
        age = time.time() - os.stat(path).st_mtime
    except FileNotFoundError:
        raise CommandError(f"No worker has touched {path}. Is one running with --health-file {path}?") from None
    if age > STALE_SECONDS:
        raise CommandError(f"No worker has touched {path} for {age:.0f} s: it hangs, or its database does not answer.")
    return f"A worker was well {age:.0f} s ago."
