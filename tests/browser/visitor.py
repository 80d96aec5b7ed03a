"""One person's browser: a context that holds their session, and its tabs."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.browser.complaints import Complaints
from tests.browser.sockets import Sockets

DASHBOARD = "/"
HISTORY = "/notifications/"
PREFERENCES = "/notifications/preferences/"
ADMIN = "/admin/"

SLOWEST_MS = 10_000


class Visitor:
    """``visitor.open("/notifications/")`` is a new tab."""

    def __init__(self, browser: Any, url: str, user: Any, complaints: Complaints, **options: Any) -> None:
        self.url, self.user, self.complaints = url, user, complaints
        self.context = browser.new_context(base_url=url, **options)
        self.context.set_default_timeout(SLOWEST_MS)
        self.sockets = Sockets(self.context)
        complaints.listen(self.context)
        if user is not None:
            self.log_in()

    def log_in(self) -> None:
        client = Client()
        client.force_login(self.user)
        self.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}])

    def open(self, path: str = DASHBOARD) -> Any:
        page = self.context.new_page()
        page.goto(path)
        return page

    @property
    def tabs(self) -> list[Any]:
        return self.context.pages

    def close(self) -> None:
        """While tabs close one by one, one may begin to lead and close before it is connected: no complaint."""
        self.complaints.deafen(self.context)
        self.context.close()
