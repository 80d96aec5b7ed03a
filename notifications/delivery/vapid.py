"""The site's key among push services (VAPID, RFC 8292), and what is encrypted for one browser (RFC 8291).

The libraries come with the extra ``webpush`` and are imported where they are used: a site without push has none.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

MISSING = "pip install 'django-live-notifications[webpush]'"


def is_installed() -> bool:
    return find_spec("pywebpush") is not None


def new_key() -> str:
    """A private key, as the setting ``VAPID_PRIVATE_KEY`` has it."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _text(number.to_bytes(32, "big"))


@lru_cache(maxsize=8)
def public_key(private_key: str) -> str:
    """Its other half, as browsers want it when they subscribe.

    Raises:
        ValueError: this is no such key.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return _text(_load(private_key).public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def authorization(private_key: str, *, endpoint: str, contact: str) -> str:
    """The header by which a push service knows who sends; it holds for 24 hours and at that service only.

    Raises:
        ValueError: of the key, or the contact.
    """
    from py_vapid import VapidException

    parts = urlsplit(endpoint)
    try:
        signed = _load(private_key).sign({"sub": contact, "aud": f"{parts.scheme}://{parts.netloc}"})
    except VapidException as error:
        raise ValueError(str(error)) from None
    return str(signed["Authorization"])


def encrypt(text: bytes, *, p256dh: str, auth: str) -> bytes:
    """The body that only one browser can read, in the encoding ``aes128gcm``.

    Raises:
        ValueError: its keys are none.
    """
    from pywebpush import WebPusher, WebPushException

    try:
        browser = WebPusher({"endpoint": "", "keys": {"p256dh": p256dh, "auth": auth}})
        return bytes(browser.encode(text)["body"])
    except WebPushException as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=8)
def _load(private_key: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec
    from py_vapid import Vapid02

    try:
        pem = "-----BEGIN" in private_key
        found = Vapid02.from_pem(private_key.strip().encode()) if pem else Vapid02.from_string(private_key)
    except (ValueError, TypeError):
        found = None
    if found is None or not isinstance(found.public_key, ec.EllipticCurvePublicKey):
        raise ValueError("This is no private key of the curve P-256.")
    return found


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
