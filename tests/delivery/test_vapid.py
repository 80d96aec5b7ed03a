"""The site's key, in whatever form it is written."""

from __future__ import annotations

import pytest

from notifications.delivery import vapid
from tests.push_service import KEY

RSA = "MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3+LQmlQ"


def test_a_new_key_is_another_each_time_and_has_another_half() -> None:
    first, second = vapid.new_key(), vapid.new_key()
    assert first != second
    assert vapid.public_key(first) != vapid.public_key(second)
    assert len(vapid.public_key(first)) == 87  # 65 bytes, as browsers want them


def test_a_key_in_pem_is_the_same_key() -> None:
    from py_vapid import Vapid02

    pem = Vapid02.from_string(KEY).private_pem().decode()
    assert vapid.public_key(pem) == vapid.public_key(f"\n{pem}\n") == vapid.public_key(KEY)


@pytest.mark.parametrize("text", ["", "AAAA", "%%%", "A" * 43, RSA, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="no private key of the curve P-256"):
        vapid.public_key(text)
