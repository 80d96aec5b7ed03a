"""The interface as tests speak of it. Selectors reach into open shadow roots."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import expect

SUBJECT = "[part~=subject] bdi"


class Bell:
    def __init__(self, page: Any) -> None:
        self.page = page
        self.host = page.locator("notification-bell")
        self.button = self.host.locator("[part~=bell]")
        self.count = self.host.locator("[part~=badge]")
        self.announcer = page.locator("[data-notifications-announcer]")

    def expect_state(self, state: str, *, seconds: float = 10) -> Bell:
        expect(self.host).to_have_attribute("data-state", state, timeout=seconds * 1000)
        return self

    def expect_count(self, count: int, *, seconds: float = 10) -> None:
        """The badge, and the accessible name with it."""
        if count == 0:
            expect(self.count).to_be_hidden(timeout=seconds * 1000)
        else:
            shown = "99+" if count > 99 else str(count)
            expect(self.count).to_have_text(shown, timeout=seconds * 1000)
            expect(self.count).to_be_visible()
        expect(self.button).to_have_accessible_name(re.compile(str(count) if count else "^No "))

    def open(self) -> Centre:
        self.button.click()
        return Centre(self.page).expect_open()


class Centre:
    def __init__(self, page: Any) -> None:
        self.page = page
        self.host = page.locator("notification-centre")
        self.rows = self.host.locator("[part~=item]")

    def expect_open(self) -> Centre:
        expect(self.host).to_be_visible()
        return self

    def expect_closed(self) -> None:
        expect(self.host).to_be_hidden()

    def row(self, subject: str) -> Any:
        return self.rows.filter(has_text=subject)

    def button(self, name: str, *, within: Any = None) -> Any:
        return (within or self.host).get_by_role("button", name=name, exact=True)

    def tab(self, name: str) -> Any:
        return self.host.get_by_role("tab", name=re.compile(f"^{name}"))  # a number may follow

    def show(self, tab: str) -> Centre:
        self.tab(tab).click()
        expect(self.tab(tab)).to_have_attribute("aria-selected", "true")
        return self

    def subjects(self) -> list[str]:
        return self.rows.locator(SUBJECT).all_inner_texts()

    def expect_subjects(self, *subjects: str, seconds: float = 10) -> None:
        expect(self.rows.locator(SUBJECT)).to_have_text(list(subjects), timeout=seconds * 1000)

    def load_all(self) -> list[str]:
        """Every subject in the list, from the newest to the oldest."""
        expect(self.rows.first).to_be_visible()
        more = self.button("Load more")
        while more.is_visible():
            before = self.rows.count()
            more.click()
            expect(self.rows.nth(before)).to_be_attached()
        return self.subjects()


class Toasts:
    def __init__(self, page: Any) -> None:
        self.page = page
        self.host = page.locator("notification-toasts")
        self.each = self.host.locator("[part~=toast]")
        self.more = self.host.locator("[part~=more]")

    def subjects(self) -> list[str]:
        return self.each.locator(SUBJECT).all_inner_texts()

    def toast(self, subject: str) -> Any:
        return self.each.filter(has_text=subject)

    def expect_subjects(self, *subjects: str) -> None:
        expect(self.each.locator(SUBJECT)).to_have_text(list(subjects))


def live(page: Any) -> Any:
    """The page, once it hears news."""
    Bell(page).expect_state("live")
    return page


def strings(page: Any) -> dict[str, Any]:
    """Every text that the elements of this page can say."""
    return json.loads(page.locator("notification-bell").get_attribute("data-strings"))


def document_focus(page: Any) -> Any:
    """The element that has the focus, in whatever shadow root."""
    return page.evaluate_handle(
        """() => {
            let element = document.activeElement
            while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
            return element
        }"""
    ).as_element()


class History:
    """The page of everything; rendered by the server, so nothing of it is in a shadow root."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.rows = page.locator("main li[data-id]")
        self.subjects_of_rows = self.rows.locator("[data-field=subject]")

    def ready(self) -> History:
        """With a script, the rows can have the focus: its module has come after the bell's."""
        expect(self.page.locator("main li[data-id][tabindex]").first).to_be_attached()
        return self

    def row(self, subject: str) -> Any:
        return self.rows.filter(has_text=subject)

    def button(self, subject: str, name: str) -> Any:
        return self.row(subject).get_by_role("button", name=name, exact=True)

    def bulk(self, name: str) -> Any:
        """The button for all that is selected."""
        return self.page.locator(".notifications-tools").get_by_role("button", name=name, exact=True)

    def search(self, words: str) -> None:
        self.page.locator("input[name=q]").fill(words)
        self.page.locator("input[name=q]").press("Enter")
        self.page.wait_for_url(f"**q={words}*")

    def subjects(self) -> list[str]:
        return self.subjects_of_rows.all_inner_texts()

    def expect_subjects(self, *subjects: str) -> None:
        expect(self.subjects_of_rows.filter(visible=True)).to_have_text(list(subjects))
