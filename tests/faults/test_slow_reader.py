"""A client that never reads is cut off, costs no memory without bound, and harms nobody."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import NOTIFICATIONS
from tests.live_site import SERVICE_KEY, LiveSite, environment

MESSAGE = "x" * 90_000
WARM_UP = 40
SENDS = 160  # 14 MB: far more than the kernel's buffers and what may wait


class DeafClient:
    """Opens a socket and reads no more than the handshake's answer."""

    def __init__(self, live: LiveSite, user: Any) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", live.site.port))
        self.socket.sendall(
            f"GET /ws/notifications?user_id={user.pk}&protocol=2 HTTP/1.1\r\nHost: 127.0.0.1:{live.site.port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nX-API-Key: {SERVICE_KEY}\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n".encode()
        )
        assert b" 101 " in self.socket.recv(64)

    def talk(self) -> None:
        """Say a thousand pings."""
        for _ in range(1_000):
            self.socket.sendall(b"\x89\x80abcd")


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def flood(live: LiveSite, user: Any, count: int) -> int:
    """Returns the most memory that the server was seen to have meanwhile."""
    highest = 0
    for _ in range(count // 4):
        await asyncio.gather(*(live.send(user, message=MESSAGE) for _ in range(4)))
        highest = max(highest, resident_bytes(live.site.process.pid))
    return highest


@pytest.fixture(params=["uvicorn", "daphne"])
def live(request: pytest.FixtureRequest, make_site: Any) -> LiveSite:
    limits = {"PING_TIMEOUT_SECONDS": 1.0, "SWEEP_SECONDS": 3_600}
    return LiveSite(make_site(kind=request.param, **environment(**{**NOTIFICATIONS, **limits})))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
async def test_a_client_that_never_reads_is_cut_off_and_the_others_are_well(live: LiveSite, user: Any):
    healthy = [await live.open(user), await live.open(user, protocol=1)]
    await flood(live, user, WARM_UP)  # what the server takes for such messages anyway, it has then taken
    deaf = await asyncio.to_thread(DeafClient, live, user)
    before, log = resident_bytes(live.site.process.pid), len(live.site.read_log())
    highest = await flood(live, user, SENDS)
    entry = await live.logs("socket closed", since=log, seconds=10)
    assert entry["code"] == 4503
    for client in healthy:
        await client.until(lambda client=client: len(client.copy.shown) == WARM_UP + SENDS, seconds=20)
        assert client.copy.seqs == list(range(1, WARM_UP + SENDS + 1))
        assert not client.closed
    # 10 to 20 MB come and go without it; without a bound all that is sent would be kept on top.
    assert (highest - before) / 1e6 < 25
    with pytest.raises(ConnectionError):
        await asyncio.to_thread(deaf.talk)
    listed = await live.http.get("/api/notifications", params={"user_id": user.pk, "per_page": 100})
    assert len(listed.raise_for_status().json()["notifications"]) == 100
    deaf.socket.close()
    await live.close()
