"""Whom an address leads to."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from django.utils.encoding import iri_to_uri

from .errors import PermanentError

# Addresses that lead on to an IPv4 address: RFC 6052, RFC 3056.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# All that was ever given out, but for the examples in documents. What leads on to a network's own IPv4 addresses
# (64:ff9b:1::/48, ::ffff:0:0:0/96) is outside of it. Python's own list is another one in each of its versions.
GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
EXAMPLES = ipaddress.IPv6Network("3fff::/20")
PROTOCOLS = ipaddress.IPv4Network("192.0.0.0/24")


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int


def parse_url(url: str) -> tuple[Origin, str]:
    """Where to connect to, and what to ask for there.

    Raises:
        PermanentError: not an http or https address, or one that holds a user name.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PermanentError(f"{url[:200]!r} is no address: {error}.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise PermanentError(f"{url[:200]!r} is no http:// or https:// address.")
    if parts.username is not None:
        raise PermanentError(f"The address at {host} holds a user name. Credentials go into a header.")
    if any(character <= " " or character == "\x7f" for character in url):
        raise PermanentError(f"The address at {host} holds a space or a control character.")
    path = iri_to_uri((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    return Origin(parts.scheme, host, port or (443 if parts.scheme == "https" else 80)), path


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip not in GIVEN_OUT or ip in EXAMPLES:
            return False
    elif ip in PROTOCOLS:
        return False
    return ip.is_global and not ip.is_multicast
