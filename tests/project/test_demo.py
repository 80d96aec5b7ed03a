"""``manage.py demo`` as people run it: a process of its own, an empty database, a real browser's requests."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from notifications.models import Notification
from project.stock.demo.seed import seed
from project.stock.demo.ticker import tick
from project.stock.models import Product, Sale
from tests.processes import end, launch, wait_until_ready
from tests.servers import ROOT, free_port


class Demo:
    """Its own database file in ``folder``; ``port`` is free."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "demo.log"
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}",
            "PYTHONUNBUFFERED": "1",
        }
        self.env.pop("REDIS_URL", None)
        self.process: Any = None

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    def start(self, *arguments: str) -> None:
        command = self.command("demo", "--port", str(self.port), *arguments)
        self.process = launch(command, log=self.log, env=self.env, cwd=ROOT)
        wait_until_ready(self.process, lambda: "Ctrl-C stops it." in self.output, log=self.log)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def links(self) -> list[str]:
        return re.findall(rf"http://127\.0\.0\.1:{self.port}/demo/login/\S+", self.output)

    def socket(self, user: int) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/notifications?user_id={user}&api_key=dev"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=60, check=False
        )


# With or without PostgreSQL and Redis, these start a demo on an SQLite file of its own.
once = pytest.mark.skipif(
    os.environ.get("NOTIFICATIONS_TEST_SERVICES") == "1", reason="uses no services: runs with the SQLite tests"
)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    yield demo
    demo.stop()


@pytest.fixture(scope="module")
def quiet_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Started from nothing, without the ticker."""
    demo = Demo(tmp_path_factory.mktemp("demo"))
    demo.start("--no-ticker")
    yield demo
    demo.stop()


@once
def test_what_it_prints_is_what_one_needs(quiet_demo: Demo) -> None:
    output = quiet_demo.output
    assert f"http://127.0.0.1:{quiet_demo.port}\n" in output
    assert len(quiet_demo.links) == 2
    assert "python manage.py send_notification 1 system_alert --subject" in output
    for user in (1, 123):
        assert quiet_demo.socket(user) in output


@once
def test_the_link_opens_a_page_with_everything_it_needs(quiet_demo: Demo) -> None:
    link = quiet_demo.links[0]
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.get(link)
        assert (page.status_code, page.url.path) == (200, "/")
        assert len(re.findall(r'data-product="', page.text)) == 8
        for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert browser.get(page.url.join(path)).status_code == 200, path
    assert httpx.get(link).status_code == 403  # used


@once
def test_a_send_in_another_shell_arrives_within_three_seconds(quiet_demo: Demo) -> None:
    with connect(quiet_demo.socket(1)) as socket:
        kinds = [json.loads(socket.recv(timeout=5))["type"] for _ in range(2)]
        assert kinds == ["connection_established", "unread_count"]

        sent = quiet_demo.run("send_notification", "ana", "system_alert", "--subject", "From another shell")

        assert sent.returncode == 0, sent.stderr
        frame = json.loads(socket.recv(timeout=3))  # although the layer is in the memory of another process
        assert (frame["type"], frame["data"]["subject"]) == ("notification", "From another shell")
        assert json.loads(socket.recv(timeout=3))["data"] == {"unread_count": 1}


@once
def test_a_port_in_use_is_one_sentence_and_exit_code_1(quiet_demo: Demo) -> None:
    port = quiet_demo.port

    second = quiet_demo.run("demo", "--port", str(port))

    assert (second.returncode, second.stdout) == (1, "")
    sentence = f"Port {port} on 127.0.0.1 is in use. Choose another: make demo PORT={port + 1}"
    assert second.stderr == f"CommandError: {sentence}\n"


@once
def test_the_ticker_sells_until_ctrl_c_which_says_goodbye(demo: Demo) -> None:
    demo.start()

    with connect(demo.socket(1)) as ana, connect(demo.socket(123)) as luis:
        assert wait_for_one(ana, luis, seconds=40)["type"] in {"inventory_low", "stock_alert"}
    with connect(demo.socket(1) + "&protocol=2") as socket:
        socket.recv(timeout=5)
        demo.process.send_signal(signal.SIGINT)
        frames = until_closed(socket)

    assert frames[-1]["type"] == "server_closing"
    assert socket.close_code == 1012
    assert demo.process.wait(timeout=10) == 0
    assert demo.output.rstrip().endswith("Stopped.")
    assert "Traceback" not in demo.output


def until_closed(socket: ClientConnection) -> list[dict[str, Any]]:
    frames = []
    with suppress(ConnectionClosed):
        while True:
            frames.append(json.loads(socket.recv(timeout=5)))
    return frames


def wait_for_one(*sockets: ClientConnection, seconds: float) -> dict[str, Any]:
    """The first notification that one of the sockets receives."""
    with ThreadPoolExecutor() as pool:
        listeners = [pool.submit(first_notification, socket) for socket in sockets]
        done, _ = wait(listeners, timeout=seconds, return_when=FIRST_COMPLETED)
        for socket in sockets:
            socket.close()
    assert done, f"nothing was announced within {seconds} s"
    return done.pop().result()


def first_notification(socket: ClientConnection) -> dict[str, Any]:
    for text in socket:
        frame = json.loads(text)
        if frame["type"] == "notification":
            return frame["data"]
    raise AssertionError("the socket was closed before anything was sold")


@once
def test_started_again_it_keeps_what_was_there(demo: Demo) -> None:
    demo.start("--no-ticker")
    first = demo.links
    demo.run("send_notification", "1", "system_alert", "--subject", "Kept")
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(timeout=10) == 0
    demo.log.unlink()

    demo.start("--no-ticker")

    assert demo.links != first
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.get(demo.links[0])
        assert "Kept" in browser.get(page.url.join("/notifications/")).text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"port": 0}, "--port must be from 1 to 65535, not 0."),
        ({"port": 70_000}, "--port must be from 1 to 65535, not 70000."),
        ({"host": "203.0.113.7"}, "Cannot listen on 203.0.113.7:8080"),
        ({"host": "no such host"}, "Cannot listen on no such host:8080"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_sentence(settings: Any, options: dict[str, Any], sentence: str) -> None:
    settings.DEBUG = True
    with pytest.raises(CommandError, match=re.escape(sentence)):
        call_command("demo", **options)


def test_it_refuses_to_run_without_debug(settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="The demo needs DEBUG"):
        call_command("demo")


@pytest.mark.django_db(transaction=True)
class TestSeed:
    def test_it_makes_two_people_without_passwords_and_their_products(self) -> None:
        ana, luis = seed()

        assert (ana.pk, ana.username, ana.is_superuser) == (1, "ana", True)
        assert (luis.pk, luis.username, luis.is_staff) == (123, "luis", False)
        assert not ana.has_usable_password()
        assert not luis.has_usable_password()
        assert (ana.products.count(), luis.products.count()) == (4, 4)
        assert all(product.stock > product.low_stock_threshold for product in Product.objects.all())

    def test_twice_is_once(self) -> None:
        seed()
        Product.objects.update(stock=1)
        seed()
        assert get_user_model().objects.count() == 2
        assert set(Product.objects.values_list("stock", flat=True)) == {1}

    def test_the_next_user_gets_a_key_of_their_own(self) -> None:
        seed()
        # Above 123, not 124: SQLite never gives a key out twice, and other tests had users too.
        assert get_user_model().objects.create_user("next").pk > 123

    def test_people_who_are_there_already_stay_as_they_are(self) -> None:
        get_user_model().objects.create_user("boss", id=1)
        get_user_model().objects.create_user("luis", id=7)

        ana, luis = seed()

        assert (ana.pk, ana.username, ana.is_superuser) == (1, "boss", False)
        assert (luis.pk, luis.username) == (123, "luis-123")

    def test_the_ticker_never_runs_out_and_speaks_now_and_then(self) -> None:
        seed()
        dice = random.Random(7)

        for _ in range(200):
            tick(dice)

        assert Sale.objects.count() == 200
        # At a tick every 3 s: one every 5 to 10 s.
        assert 200 * 3 / 10 <= Notification.objects.count() <= 200 * 3 / 5
        assert set(Notification.objects.values_list("recipient_id", flat=True)) == {1, 123}
