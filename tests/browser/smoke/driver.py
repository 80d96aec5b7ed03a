"""The little that the smoke tests ask of a browser, on top of WebDriver, which Firefox and WebKitGTK both speak.

WebDriver's own ways into shadow roots differ between the engines; a script that walks there does not.
"""

from __future__ import annotations

import time
from typing import Any

from selenium.common.exceptions import JavascriptException, StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

FIND = """
const [selector, text] = arguments
const found = []
const walk = root => {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(selector)) found.push(element)
    if (element.shadowRoot) walk(element.shadowRoot)
  }
}
walk(document)
const shown = found.filter(each => each.checkVisibility({ visibilityProperty: true }))
return shown.filter(each => !text || (each.getAttribute("aria-label") ?? each.textContent).includes(text))
"""

FOCUSED = """
let element = document.activeElement
while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
const row = element?.closest("[part~=item]")
return (row ?? element)?.textContent?.trim() ?? ""
"""

COMPLAINTS = """
addEventListener("securitypolicyviolation", event => (globalThis.complaints ??= []).push(
  `${event.effectiveDirective} ${event.blockedURI}`))
addEventListener("error", event => (globalThis.complaints ??= []).push(String(event.message)))
addEventListener("unhandledrejection", event => (globalThis.complaints ??= []).push(String(event.reason)))
"""


class Screen:
    """One window of one browser."""

    def __init__(self, driver: Any, url: str) -> None:
        self._driver, self._url = driver, url

    def log_in(self, session: str) -> None:
        self._driver.get(f"{self._url}/welcome")
        self._driver.delete_all_cookies()
        self._driver.add_cookie({"name": "sessionid", "value": session, "path": "/"})

    def open(self, path: str) -> None:
        self._driver.get(self._url + path)
        self._driver.execute_script(COMPLAINTS)

    def find(self, selector: str, text: str = "") -> list[Any]:
        """What is visible, in whatever shadow root, and has the text or the accessible name."""
        return self._driver.execute_script(FIND, selector, text)

    def wait_for(self, selector: str, text: str = "", *, seconds: float = 10) -> Any:
        self.wait(lambda: self.find(selector, text), what=f"{selector} {text!r}", seconds=seconds)
        return self.find(selector, text)[0]

    def wait_until_gone(self, selector: str, text: str = "") -> None:
        self.wait(lambda: not self.find(selector, text), what=f"no {selector} {text!r}")

    def texts(self, selector: str) -> list[str]:
        return [each.get_property("textContent").strip() for each in self.find(selector)]

    def click(self, selector: str, text: str = "") -> None:
        self.wait_for(selector, text).click()

    def press(self, key: str) -> None:
        """``Tab``, ``Enter``, ``Escape``, a letter, or ``Shift+I``."""
        *shift, name = key.split("+")
        named = {"Tab": Keys.TAB, "Enter": Keys.ENTER, "Escape": Keys.ESCAPE}.get(name, name)
        chain = ActionChains(self._driver)
        if shift:
            chain = chain.key_down(Keys.SHIFT).send_keys(named).key_up(Keys.SHIFT)
        else:
            chain = chain.send_keys(named)
        chain.perform()

    def focused(self) -> str:
        """The text of what has the focus, or of the row that it is in."""
        return self._driver.execute_script(FOCUSED)

    def complaints(self) -> list[str]:
        return self._driver.execute_script("return globalThis.complaints ?? []")

    @property
    def language(self) -> str:
        return self._driver.execute_script("return document.documentElement.lang")

    def set_language(self, code: str) -> None:
        """As the person's choice, which Django keeps in a cookie."""
        self._driver.add_cookie({"name": "django_language", "value": code, "path": "/"})

    def wait(self, holds: Any, *, what: str, seconds: float = 10) -> None:
        """WebDriver tells no events: it is asked again and again."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if holds():
                    return
            except (StaleElementReferenceException, JavascriptException):
                pass  # the page was being replaced
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}")
            time.sleep(0.02)
