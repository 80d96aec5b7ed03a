"""A push service, and browsers that it can wake: they decrypt what a real one would."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.delivery import vapid
from notifications.delivery.devices import Given, subscribe
from notifications.models import PushSubscription
from tests.receiver import Got, Receiver

KEY = "8mx9sIdV3bXz7jUuEM0_CkeZVIUIVMHKsZ2dvjYbd1E"
CONTACT = "mailto:admin@example.org"
CHANNEL: dict[str, Any] = {"VAPID_PRIVATE_KEY": KEY, "VAPID_CONTACT": CONTACT}


class Browser:
    """One subscription's secrets, which only the browser has."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    @property
    def subscription(self) -> dict[str, Any]:
        """As ``PushSubscription.toJSON()`` returns it."""
        raw = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": _text(raw), "auth": _text(self._auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def subscribe(self, user: Any, device: str = "Firefox · Linux") -> PushSubscription:
        keys = self.subscription["keys"]
        given = Given(self.endpoint, keys["p256dh"], keys["auth"])
        return subscribe(user.pk, given, device=device, using="default")

    def shown(self, got: Got) -> dict[str, Any]:
        """What a worker of this browser is told."""
        assert got.headers["Content-Encoding"] == "aes128gcm"
        assert len(got.body) <= 4_096
        text = http_ece.decrypt(got.body, private_key=self._private, auth_secret=self._auth, version="aes128gcm")
        told: dict[str, Any] = json.loads(text)
        return told


def claims(got: Got) -> dict[str, Any]:
    """What the site says of itself, once its signature is verified."""
    from py_vapid import Vapid02

    scheme, _, rest = got.headers["Authorization"].partition(" ")
    assert scheme.lower() == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert parts["k"] == vapid.public_key(KEY)
    assert Vapid02.verify(got.headers["Authorization"])
    said: dict[str, Any] = json.loads(_bytes(parts["t"].split(".")[1]))
    return said


def browser_at(service: Receiver, name: str) -> Browser:
    return Browser(f"{service.url}/push/{name}")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
