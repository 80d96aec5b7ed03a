"""django-notifications-community, in an environment made at its first use and anew when its versions change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Self

from benchmarks.children import ROOT
from benchmarks.figures import Results

from .servers import Worker

NAME = "django-notifications-community"
FOLDER = Path(__file__).with_name("community")
REQUIREMENTS = FOLDER / "requirements.txt"
ENVIRONMENT = ROOT / ".venv-community"
PYTHON = ENVIRONMENT / "bin" / "python"
INSTALLED = ENVIRONMENT / ".installed"  # the requirements it was made of


class NoRival(Exception):
    """Its packages cannot be had here. The message says why, in one line."""


class Community:
    """A process with that app, on a database of its own that the environment names.

    Raises:
        NoRival
    """

    def __init__(self, env: dict[str, str], *, people: int) -> None:
        if not INSTALLED.exists() or INSTALLED.read_bytes() != REQUIREMENTS.read_bytes():
            _install()
        self.people = people
        self._worker = Worker([PYTHON, FOLDER / "send.py"], env)
        self._worker.ask_for("migrate")
        self._worker.ask_for("people", count=people)
        self._worker.ask_for("send_to_many", people=10)  # its first send connects, imports and fills caches

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._worker.close()

    def measure_many(self, results: Results) -> None:
        for inside in (False, True):
            self._worker.ask_for("empty")
            answer = self._worker.ask_for("send_to_many", people=self.people, inside=inside)
            work = f"send to {self.people:,} people, PostgreSQL" + ", inside a transaction" * inside
            results.add(work, NAME, answer["seconds"], "s")


def _install() -> None:
    uv = Path(sys.executable).with_name("uv")
    install: list[str | Path] = [
        "pip",
        "install",
        "--quiet",
        "--python",
        PYTHON,
        "--require-hashes",
        "-r",
        REQUIREMENTS,
    ]
    try:
        make: list[str | Path] = ["venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT]
        for command in (make, install):
            subprocess.run([uv, *command], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise NoRival(f"{uv.name} is not in this environment") from None
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip() or f"uv ended with {error.returncode}").splitlines()[0]
        raise NoRival(reason) from None
    INSTALLED.write_bytes(REQUIREMENTS.read_bytes())
