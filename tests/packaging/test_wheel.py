"""What a newcomer does: install the wheel, add the README's five lines, and see the count move."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.processes import end, launch, wait_until_ready
from tests.servers import free_port

websockets = pytest.importorskip("websockets.sync.client")

ROOT = Path(__file__).resolve().parents[2]


# The test run's own settings, database and service key must not leak into the newcomer's site.
OURS = ("DJANGO_", "DATABASE_", "REDIS_", "TEST_", "NOTIFICATIONS_", "DASHBOARD_", "PYTHON", "VIRTUAL_ENV")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def readme_lines() -> dict[int, str]:
    """The numbered lines of the README's installation, as somebody would copy them."""
    text = (ROOT / "README.md").read_text()
    lines = {int(number): line for line, number in re.findall(r"^(.*\S) +# (\d)\b.*$", text, re.MULTILINE)}
    assert sorted(lines) == [1, 2, 3, 4, 5]
    return lines


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=ROOT)
    [built] = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_app_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"notifications", f"{wheel.name.split('-')[0]}-{wheel.name.split('-')[1]}.dist-info"}
    for needed in (
        "notifications/py.typed",
        "notifications/migrations/0001_live_inbox.py",
        "notifications/rest/openapi/__init__.py",
        "notifications/static/notifications/websocket-notifications.js",
        "notifications/static/notifications/notifications.js",
        "notifications/static/notifications/notifications.min.js",
        "notifications/locale/es/LC_MESSAGES/django.mo",
        "notifications/locale/es/LC_MESSAGES/django.po",
    ):
        assert needed in names
    assert any(name.startswith("notifications/templates/") for name in names)


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``startproject`` in an empty environment, with the five lines and a page that shows the bell."""
    home = tmp_path_factory.mktemp("site")
    run(sys.executable, "-m", "venv", home / "env", cwd=home)
    python = home / "env/bin/python"
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, f"{wheel}[daphne]", cwd=home)
    run(home / "env/bin/django-admin", "startproject", "mysite", home, cwd=home)
    lines = readme_lines()
    append(home / "mysite/settings.py", lines[1], lines[2], "TEMPLATES[0]['DIRS'] = [BASE_DIR]")
    append(home / "mysite/asgi.py", lines[3], lines[4])
    append(
        home / "mysite/urls.py",
        "from django.urls import include",
        lines[5],
        "from django.views.generic import TemplateView",
        "urlpatterns += [path('', TemplateView.as_view(template_name='home.html'))]",
    )
    (home / "home.html").write_text("{% load notifications %}{% notification_bell %}")
    run(python, "manage.py", "migrate", cwd=home)
    run(python, "manage.py", "check", cwd=home)
    create = "from django.contrib.auth.models import User; User.objects.create_user('ada', password='pw')"
    run(python, "manage.py", "shell", "-c", create, cwd=home)
    return home


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def append(path: Path, *lines: str) -> None:
    path.write_text("\n".join([path.read_text(), *lines, ""]))


def test_the_api_describes_itself(site: Path) -> None:
    ask = "Client(headers={'X-API-Key': 'dev', 'Host': 'localhost'}).get('/api/notifications/schema').json()['openapi']"
    shell = f"from django.test import Client; print({ask})"
    assert run(site / "env/bin/python", "manage.py", "shell", "-c", shell, cwd=site).split()[-1] == "3.1.0"


def test_five_lines_move_a_count(site: Path) -> None:
    python, port = site / "env/bin/python", free_port()
    log = site / "server.log"
    server: Any = launch(
        [str(python), "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"], log=log, env=ENVIRONMENT, cwd=site
    )
    try:
        wait_until_ready(server, lambda: answers(port), log=log)
        with websockets.connect(f"ws://127.0.0.1:{port}/ws/notifications?user_id=1&api_key=dev") as sock:
            assert '"unread_count":0' in next(text for text in sock if '"type":"unread_count"' in text)
            run(python, "manage.py", "send_notification", "ada", "message", "--subject", "Hello", cwd=site)
            assert '"unread_count":1' in next(text for text in sock if '"type":"unread_count"' in text)
    finally:
        end(server)
