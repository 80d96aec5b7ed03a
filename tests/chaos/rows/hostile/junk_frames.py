"""Twenty-four kinds of frames that no client of this protocol sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.wire import BINARY, CLOSE, CONTINUATION, PING, command, frame

LARGE, HUGE = 20_000, 1_200_000


@dataclass(frozen=True)
class Burst:
    """What one socket sends at once."""

    kind: str
    count: int
    data: bytes


def _text(text: str | bytes) -> bytes:
    return frame(text if isinstance(text, bytes) else text.encode())


ONE_FRAME = {
    # the server's own library takes these, and we must judge them
    "binary": frame(b'{"type": "ping"}', BINARY),
    "empty": _text(""),
    "not JSON": _text("hello"),
    "NaN": _text('{"type": "ping", "n": NaN}'),
    "not an object": _text("[[]]"),
    "no type": _text('{"data": {}}'),
    "a type that is no text": _text('{"type": {"type": "ping"}}'),
    "an unknown type": _text('{"type": "destroy"}'),
    "a field of a wrong type": _text('{"type": "mark_read", "notification_id": {"$gt": 0}}'),
    "a huge id": _text(command("mark_read", notification_id=2**63)),
    "an endless id": _text('{"type": "mark_read", "notification_id": %s}' % ("9" * 5_000)),
    "too many ids": _text(command("mark_read", notification_ids=list(range(1, 1_000)))),
    "too deep": _text('{"type": "ping", "a": ' + "[" * 8_000 + "]" * 8_000 + "}"),
    "a key twice": _text('{"type": "ping", "type": "pong"}'),
    "half a surrogate pair": _text('{"type": "ping", "request_id": "\\ud800"}'),
    "over 16 KB": _text(command("ping", more="x" * LARGE)),
    "over 1 MB": _text(command("ping", more="x" * HUGE)),
    "in fifty pieces": b"".join(
        [frame(b"x", fin=False), *[frame(b"x", CONTINUATION, fin=False)] * 48, frame(b"x", CONTINUATION)]
    ),
    # the server's own library refuses these
    "not UTF-8": _text(b'{"type": "\xff\xfe"}'),
    "not UTF-8, then a close": _text(b"\xc3\x28") + frame(b"\x03\xe8", CLOSE),
    "unmasked": frame(b'{"type": "ping"}', masked=False),
    "a reserved opcode": frame(b"", 5),
    "a reserved bit": frame(b'{"type": "ping"}', reserved=2),
    "a ping that is too long": frame(b"x" * 200, PING),
    "a ping in pieces": frame(b"x", PING, fin=False),
    "a close without a code": frame(b"\x03", CLOSE),
    "a close code that is none": frame(b"\x00\x00", CLOSE),
    "a piece of nothing": frame(b"x", CONTINUATION),
    "a text within a text": frame(b"x", fin=False) + frame(b"y"),
}
FRAMES_AT_ONCE = 20
BYTES_AT_ONCE = 4_000_000


def bursts(count: int) -> Iterator[Burst]:
    """So many frames, of all kinds in turn."""
    kinds = [Burst(kind, min(FRAMES_AT_ONCE, BYTES_AT_ONCE // len(data)), data) for kind, data in ONE_FRAME.items()]
    made = [Burst(burst.kind, burst.count, burst.data * burst.count) for burst in kinds]
    while True:
        for burst in made:
            if count <= 0:
                return
            yield burst
            count -= burst.count
