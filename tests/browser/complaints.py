"""Whatever a page complains of fails the test, unless the test said beforehand that it would."""

from __future__ import annotations

import re
from typing import Any

# That a server cannot be reached while the test holds the line is no complaint.
NETWORK = r"net::ERR_|WebSocket connection to|ERR_INTERNET_DISCONNECTED"

# A policy's violation is an event of the document, a rejection of the window; both say so on the console.
LISTEN = """(() => {
  addEventListener("securitypolicyviolation", event => console.error(
    `policy violated: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ` +
    event.sample))
  addEventListener("unhandledrejection", event => console.error(`unhandled rejection: ${event.reason?.stack}`))
})()"""


class Complaints:
    """Collects them from every page of a browser context."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._expected: list[str] = []
        self._deaf_to: set[Any] = set()

    def expect(self, *patterns: str) -> None:
        """What matches one of the regular expressions is no fault."""
        self._expected += patterns

    def listen(self, context: Any) -> None:
        context.add_init_script(LISTEN)
        context.on("console", lambda message: self._console(context, message))
        context.on("weberror", lambda error: self._hear(context, f"page error: {error.error}"))

    def deafen(self, context: Any) -> None:
        self._deaf_to.add(context)

    def unexpected(self) -> list[str]:
        return [text for text in self.heard if not any(re.search(pattern, text) for pattern in self._expected)]

    def _console(self, context: Any, message: Any) -> None:
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "")
            self._hear(context, f"console {message.type}: {message.text} ({where})")

    def _hear(self, context: Any, text: str) -> None:
        if context not in self._deaf_to:
            self.heard.append(text)
