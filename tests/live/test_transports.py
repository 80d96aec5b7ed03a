"""The frames that the product writes itself. Parts of frames, over sockets: the large replays of test_resume."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from notifications.live.transports import text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_text_frame_is_what_websockets_makes(size: int):
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
