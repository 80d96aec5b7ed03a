"""WebSocket frames as bytes, right ones and wrong ones: what no library would let a hostile client say."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NO_MASK = bytes(4)  # a mask like any other, which leaves the bytes as they are


def handshake(port: int, query: dict[str, Any], *, key: str | None = None) -> bytes:
    """The request that opens a socket of ours; ``key`` goes into a header."""
    lines = [
        f"GET /ws/notifications?{urlencode(query)} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        *([f"X-API-Key: {key}"] if key else []),
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def frame(payload: bytes, opcode: int = TEXT, *, fin: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    """One frame of a client; ``reserved`` are the three bits that only extensions may use."""
    size, mask_bit = len(payload), 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 2**16:
        head += struct.pack("!BH", mask_bit | 126, size)
    else:
        head += struct.pack("!BQ", mask_bit | 127, size)
    return head + (NO_MASK if masked else b"") + payload


def command(kind: str, **fields: Any) -> bytes:
    """A command as text, not yet in a frame."""
    return json.dumps({"type": kind, **fields}).encode()


class Frames:
    """Takes a server's bytes apart. Servers neither mask nor, these two, fragment."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The opcode and payload of each frame that is complete by now."""
        data = self._rest + data
        at = 0
        while len(data) - at >= 2:
            size, start = data[at + 1], at + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                size = int.from_bytes(data[at + 2 : start]) if len(data) >= start else len(data)
            if len(data) < start + size:
                break
            yield data[at] & 15, data[start : start + size]
            at = start + size
        self._rest = data[at:]


def close_code(payload: bytes) -> int:
    return int.from_bytes(payload[:2]) if len(payload) >= 2 else 1005
