from __future__ import annotations

import pytest

from notifications.links import is_safe_link, safe_link


@pytest.mark.parametrize(
    "link", ["/", "/orders/42/?a=b#c", "https://example.com", "https://example.com/a b".replace(" ", "%20")]
)
def test_links_that_may_be_followed(link: str) -> None:
    assert is_safe_link(link)
    assert safe_link(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "http://example.com",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        " https://example.com",
        "/a\nb",
        "https:",
        "https://[",
        "orders/42",
        "",
    ],
)
def test_links_that_may_not(link: str) -> None:
    assert not is_safe_link(link)
    assert safe_link(link) == ""
