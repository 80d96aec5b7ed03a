"""Python's newer e-mail library, which Django uses from 6.0 on, writes links in headers as they are."""

from __future__ import annotations

import email.policy
from email.message import EmailMessage

import pytest

from notifications.delivery.channels.email_headers import with_links

LINK = f"<https://shop.example.org/notifications/unsubscribe/{'WyI3IiwiZW1haWwiXQ' * 20}:TKJuj_xgVb-Dt2/>"


@pytest.mark.parametrize("policy", [email.policy.default, email.policy.SMTP])
def test_a_link_is_written_in_one_line(policy: email.policy.EmailPolicy) -> None:
    message = EmailMessage(policy=with_links(policy))
    message["Subject"] = "Café " * 40
    message["List-Unsubscribe"] = LINK
    message.set_content("Hello")
    message.add_alternative("<p>Hello</p>", subtype="html")
    lines = message.as_bytes().splitlines()
    assert f"List-Unsubscribe: {LINK}".encode() in lines
    assert all(len(line) <= 78 for line in lines if b"List-Unsubscribe" not in line)


def test_a_line_break_in_it_is_refused() -> None:
    message = EmailMessage(policy=with_links(email.policy.default))
    with pytest.raises(ValueError, match="linefeed or carriage return"):
        message["List-Unsubscribe"] = f"{LINK}\nBcc: eve@example.org"
