"""``manage.py demo``: the whole thing, with nothing else to install or start."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from project.stock.demo.postman import Postman
from project.stock.demo.seed import seed
from project.stock.demo.server import check_port, serve
from project.stock.demo.ticker import Ticker
from project.stock.login import one_time_path

READY = """
The stock dashboard runs at {http}

Log in (each link works once; open the second in a private window):
  {ana:<12} {http}{ana_path}
  {luis:<12} {http}{luis_path}

From a second shell:
  {python} manage.py send_notification {ana_pk} system_alert --subject "Hello from the shell" --priority high

As a raw WebSocket:
  {ws}/ws/notifications?user_id={ana_pk}&api_key={key}
  {ws}/ws/notifications?user_id={luis_pk}&api_key={key}

E-mails are written to {mail}; why somebody got one, or did not:
  {python} manage.py notifications_explain --user {ana_pk}

Ctrl-C stops it.
"""


class Command(BaseCommand):
    help = "Fill a small stock dashboard and serve it, with something being sold every three seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8080, help="default: %(default)s")
        parser.add_argument("--no-ticker", action="store_true", help="sell nothing by itself")

    def handle(self, *, host: str, port: int, no_ticker: bool, **_: Any) -> None:
        self._check(host, port)
        call_command("migrate", verbosity=0)
        users = seed()
        ticker, postman = Ticker(), Postman()

        def when_ready() -> None:
            self._print_links(host, port, *users)
            postman.start()
            if not no_ticker:
                ticker.start()

        self._serve(host, port, when_ready)
        ticker.stop()
        postman.stop()
        self.stdout.write("Stopped.")

    def _check(self, host: str, port: int) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo needs DEBUG, for its log-in links. Set DJANGO_DEBUG=true, or serve the site.")
        if not 0 < port < 65_536:
            raise CommandError(f"--port must be from 1 to 65535, not {port}.")
        try:
            check_port(host, port)
        except (OSError, UnicodeError) as error:
            raise CommandError(_sentence(error, host, port)) from None

    def _serve(self, host: str, port: int, when_ready: Any) -> None:
        from project.asgi import application

        # After that import, which sets logging up anew. A line per notification would push the links off the screen.
        if "NOTIFICATIONS_LOG_LEVEL" not in os.environ:
            logging.getLogger("notifications").setLevel(logging.WARNING)
        try:
            serve(application, host=host, port=port, when_ready=when_ready)
        except OSError as error:
            raise CommandError(str(error)) from None

    def _print_links(self, host: str, port: int, ana: Any, luis: Any) -> None:
        shown = f"[{host}]" if ":" in host else host
        text = READY.format(
            http=f"http://{shown}:{port}",
            ws=f"ws://{shown}:{port}",
            ana=ana.get_username(),
            ana_pk=ana.pk,
            ana_path=one_time_path(ana),
            luis=luis.get_username(),
            luis_pk=luis.pk,
            luis_path=one_time_path(luis),
            key=os.environ.get("DASHBOARD_API_KEY", "dev"),
            python=_this_python(),
            mail=_from_here(getattr(settings, "EMAIL_FILE_PATH", "") or settings.EMAIL_HOST),
        )
        self.stdout.write(text)
        self.stdout.flush()  # it may be a pipe


def _this_python() -> str:
    """As somebody in this folder would type it: the environment need not be active in the second shell."""
    return _from_here(sys.executable)


def _from_here(place: str | Path) -> str:
    path, here = Path(place), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _sentence(error: Exception, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno:
        return f"Cannot listen on {host}:{port}: {error.strerror}."
    return str(error) if isinstance(error, OSError) else f"{host!r} is not an address of this machine."
